import CLinux
public import Pipelines
public import Primitives
internal import Synchronization
internal import Transformers

/// The beginning and the end of requests.
extension StageEngine {
    /// Makes room for a request. Throws where its layers are not here or memory is short.
    ///
    /// - Returns: whether pages of its entry's are kept.
    @discardableResult
    public func open(_ offer: StageOffer) throws(StageRefusal) -> Bool {
        try open(
            offer.request, model: offer.model, layers: offer.layers,
            hiddenSize: offer.hiddenSize, positionLimit: offer.positionLimit,
            comesBack: offer.comesBack)
    }

    /// As above, for positions `0..<positionLimit` of `layers`. Of an entry that does not come back
    /// nothing is kept behind the request's end.
    @discardableResult
    public func open(
        _ id: RequestID, model: Digest, layers: LayerRange, hiddenSize: Int, positionLimit: Int,
        comesBack: Bool = true
    ) throws(StageRefusal) -> Bool {
        try state.withLock { state throws(StageRefusal) in
            guard let loaded = state.models[model], let workspace = state.workspaces[model],
                loaded.layers.contains(layers), loaded.forward.shape.hiddenSize == hiddenSize
            else { throw .layersNotLoaded }
            guard (1...loaded.forward.positionCountMaximum).contains(positionLimit) else {
                throw .tooManyPositions(limit: loaded.forward.positionCountMaximum)
            }
            do throws(KeyValueRefusal) {
                let memory = try state.pool.open(
                    shape: loaded.forward.shape, layers: layers, capacity: positionLimit)
                let cache = RequestCache(
                    loaded, model: model, workspace: workspace, state: memory,
                    request: id)
                cache.comesBack = comesBack
                state.caches[id] = cache
                return state.keepsPages(of: cache.prefix.origin, at: SystemClock.now())
            } catch {
                throw .memory(error)
            }
        }
    }

    /// Ends a request: its memory is free for others at once.
    public func close(_ id: RequestID) {
        incoming.withLock { steps in steps.removeAll { $0.step.request == id } }
        state.withLock { state in
            state.queue.remove(id)
            state.following.removeAll { $0.request == id }
            state.cohorts.remove(id)
            if let cache = state.caches[id], cache.comesBack, keepTime > .zero,
                state.models[cache.model] != nil
            {
                let until = SystemClock.now() + keepTime
                cache.publishEnd()
                cache.state.keepPages(until: until)
                state.keep(cache.prefix.origin, until: until)
            }
            state.caches[id] = nil
        }
    }
}
