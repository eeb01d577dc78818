public import Pipelines
public import Primitives
import Synchronization
public import Tensors
public import Transformers

/// What the compute thread tells the loop.
public enum EngineAnswer: Sendable {
    case loaded(model: Digest, LayerRange, layerMicroseconds: Int?)
    case cacheOpened(RequestID, isOpen: Bool)
    case computed(RequestID, Step, output: [UInt8]?, microseconds: UInt32)
}

/// Layers in memory and the KV caches of the requests they serve: the arithmetic of a node.
///
/// Used by one compute thread; the lock is there for the compiler and never waited for.
public final class StageEngine: Sendable {
    /// One model's layers that are loaded here.
    private struct LoadedLayers {
        var layers: LayerRange
        var weights: [LayerWeights]
        var forward: Forward
    }

    /// One request's memory, allocated when it is opened.
    private final class RequestCache {
        let model: Digest
        let weights: ArraySlice<LayerWeights>
        let forward: Forward
        var state: KeyValueState
        let byteCount: Int

        init(
            _ loaded: LoadedLayers, model: Digest, layers: LayerRange, positionLimit: Int,
            byteCount: Int
        ) {
            self.model = model
            self.byteCount = byteCount
            forward = loaded.forward
            let first = layers.lower - loaded.layers.lower
            weights = loaded.weights[first..<first + layers.count]
            state = KeyValueState(
                shape: loaded.forward.shape, layers: layers, capacity: positionLimit)
        }
    }

    /// Rows on their way through the layers: shared by all requests of a model's shape.
    private final class Workspace {
        var hidden: FloatBuffer
        var scratch: ForwardScratch

        init(_ shape: ModelShape) {
            hidden = FloatBuffer(count: Limits.rowsPerStep * shape.hiddenSize)
            scratch = ForwardScratch(shape: shape, rowCountMaximum: Limits.rowsPerStep)
        }
    }

    private struct State {
        var models = OrderedTable<Digest, LoadedLayers>()
        var caches = OrderedTable<RequestID, RequestCache>()
        var workspaces = OrderedTable<Digest, Workspace>()
        var cacheByteCount = 0
    }

    public let kernels: Kernels
    private let crew: ThreadCrew
    private let cacheByteLimit: Int
    private let state = Mutex(State())

    /// - Parameter cacheByteLimit: memory for all KV caches together; what exceeds it is refused.
    public init(kernels: Kernels, crew: ThreadCrew, cacheByteLimit: Int) {
        self.kernels = kernels
        self.crew = crew
        self.cacheByteLimit = cacheByteLimit
    }

    /// Takes layers in place of the model's earlier ones; answers with the measured time of one
    /// layer for one position. Requests that are under way keep the weights they began with.
    public func load(
        _ model: Digest, shape: ModelShape, layers: LayerRange, pieces: [WeightBytes]
    ) throws(ModelError) -> Int {
        var weights: [LayerWeights] = []
        for piece in pieces { weights.append(try LayerWeights(piece, shape: shape)) }
        let forward = Forward(
            shape: shape, kernels: kernels, positionCountMaximum: Limits.cachePositionCount)
        let loaded = LoadedLayers(layers: layers, weights: weights, forward: forward)
        return state.withLock { state in
            let workspace = state.workspaces[model] ?? Workspace(shape)
            state.workspaces[model] = workspace
            state.models[model] = loaded
            return measure(loaded, workspace)
        }
    }

    /// The time of one position through the layers, the better of a few tries.
    private func measure(_ loaded: LoadedLayers, _ workspace: Workspace) -> Int {
        var best = UInt64.max
        for _ in 0..<3 {
            var cache = KeyValueState(
                shape: loaded.forward.shape, layers: loaded.layers, capacity: 1)
            let start = SystemClock.now()
            loaded.forward.run(
                loaded.weights, hidden: &workspace.hidden, startPosition: 0, rowCount: 1,
                state: &cache, scratch: &workspace.scratch, crew: crew)
            best = min(best, SystemClock.now().since(start).microseconds)
        }
        return max(1, Int(best) / max(1, loaded.layers.count))
    }

    public func unload(_ model: Digest) {
        state.withLock { state in
            state.models[model] = nil
            state.workspaces[model] = nil
        }
    }

    /// Makes room for a request; false where its layers are not here or memory is short.
    public func open(_ offer: StageOffer) -> Bool {
        state.withLock { state in
            guard let loaded = state.models[offer.model], loaded.layers.contains(offer.layers),
                loaded.forward.shape.hiddenSize == offer.hiddenSize,
                offer.positionLimit <= loaded.forward.positionCountMaximum
            else { return false }
            let byteCount = KeyValueState.byteCount(
                shape: loaded.forward.shape, layers: offer.layers, capacity: offer.positionLimit)
            guard state.cacheByteCount + byteCount <= cacheByteLimit else { return false }
            state.cacheByteCount += byteCount
            state.caches[offer.request] = RequestCache(
                loaded, model: offer.model, layers: offer.layers,
                positionLimit: offer.positionLimit, byteCount: byteCount)
            return true
        }
    }

    public func close(_ id: RequestID) {
        state.withLock { state in
            guard let cache = state.caches.remove(id) else { return }
            state.cacheByteCount -= cache.byteCount
        }
    }

    /// Runs a step's rows through the request's layers: the rows that come out and the time it
    /// took, or nil where the request is not open or the step does not follow the one before.
    public func run(_ step: Step) -> (output: [UInt8], microseconds: UInt32)? {
        state.withLock { state in
            guard let cache = state.caches[step.request],
                let workspace = state.workspaces[cache.model],
                step.position == cache.state.positionCount,
                step.position + step.rowCount <= cache.state.capacity
            else { return nil }
            let start = SystemClock.now()
            workspace.hidden.write(littleEndian: step.rows)
            cache.forward.run(
                Array(cache.weights), hidden: &workspace.hidden, startPosition: step.position,
                rowCount: step.rowCount, state: &cache.state, scratch: &workspace.scratch,
                crew: crew)
            let numberCount = step.rowCount * cache.forward.shape.hiddenSize
            let output = workspace.hidden.littleEndianBytes(numberCount: numberCount)
            let microseconds = SystemClock.now().since(start).microseconds
            return (output, UInt32(clamping: microseconds))
        }
    }
}
