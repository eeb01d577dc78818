import CLinux
public import Pipelines
public import Primitives
internal import Synchronization
public import Tensors
public import Transformers

/// What the compute thread tells the loop.
public enum EngineAnswer: Sendable {
    case loaded(model: Digest, LayerRange, layerMicroseconds: Int?)
    case cacheOpened(RequestID, StageRefusal?, keepsRows: Bool)
    case computed(RequestID, Step, output: [UInt8]?, microseconds: UInt32)
    /// What came of the rows that a step names was not kept.
    case rowsNotKnown(RequestID, Step)
    case cacheExported(RequestID, from: Int, upTo: Int, bytes: [UInt8]?)
    case cacheImported(RequestID, position: Int?)
}

/// Why a stage makes no room for a request.
public enum StageRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case layersNotLoaded
    case tooManyPositions(limit: Int)
    case memory(KeyValueRefusal)
    /// Too much waits for the compute thread.
    case busy

    /// What the entry is told.
    public var reason: RefusalReason {
        switch self {
        case .layersNotLoaded: .layersNotHeld
        case .tooManyPositions, .memory: .memory
        case .busy: .busy
        }
    }

    public var description: String {
        switch self {
        case .layersNotLoaded: "the layers are not loaded here"
        case .tooManyPositions(let limit): "a request may reach \(limit) positions here"
        case .memory(let refusal): "\(refusal)"
        case .busy: "too much waits to be computed here"
        }
    }
}

/// What an engine has done so far.
public struct EngineCounters: Hashable, Sendable {
    public var batchesRun: UInt64 = 0
    public var rowsRun: UInt64 = 0
    /// Rows that were taken from another request instead of being run.
    public var rowsShared: UInt64 = 0
    /// Batches that waited for others to run with them.
    public var batchesHeld: UInt64 = 0
    /// Steps that came to nothing, since the owner was back.
    public var stepsGivenUp: UInt64 = 0

    public init() {}
}

/// Layers in memory and the KV caches of the requests they serve: the arithmetic of a node.
///
/// Used by one compute thread; steps come from, and work is given up by, any thread.
public final class StageEngine: Sendable {
    /// One model's layers that are loaded here.
    struct LoadedLayers {
        var layers: LayerRange
        var weights: [LayerWeights]
        var forward: Forward
    }

    /// One request's memory, allocated when it is opened.
    final class RequestCache {
        let model: Digest
        let weights: [LayerWeights]
        let forward: Forward
        let workspace: Workspace
        let state: KeyValueState
        var prefix: RowPrefix
        var recent: RecentOutput
        /// Whether what comes of its rows goes to the entry.
        var isLast = false
        /// Whether its entry may come again.
        var comesBack = true

        init(
            _ loaded: LoadedLayers, model: Digest, workspace: Workspace, state: KeyValueState,
            request: RequestID
        ) {
            prefix = RowPrefix(
                request, model: model, layers: state.layers,
                isLong: loaded.forward.isLong(state))
            recent = RecentOutput(
                rowByteCount: loaded.forward.shape.hiddenSize * 4,
                pageSize: state.pagePositionCount)
            self.workspace = workspace
            self.model = model
            self.state = state
            forward = loaded.forward
            let first = state.layers.lower - loaded.layers.lower
            weights = Array(loaded.weights[first..<first + state.layers.count])
        }

        /// Of a row on its way through the layers.
        var rowByteCount: Int { forward.shape.hiddenSize * 4 }
    }

    /// Rows on their way through the layers: shared by all requests of a model's shape.
    final class Workspace {
        var hidden: FloatBuffer
        var scratch: ForwardScratch

        init(_ shape: ModelShape) {
            hidden = FloatBuffer(count: Limits.batchRowCount * shape.hiddenSize)
            scratch = ForwardScratch(shape: shape, rowCountMaximum: Limits.batchRowCount)
        }
    }

    struct State {
        var models = OrderedTable<Digest, LoadedLayers>()
        var caches = OrderedTable<RequestID, RequestCache>()
        var workspaces = OrderedTable<Digest, Workspace>()
        let pool: KeyValuePool
        var queue = StepQueue()
        /// Steps behind one of the same request that is in the queue, in the order they came.
        var following: [Step] = []
        /// Whose pages were kept, by what those have in common, and until when.
        var keepers = OrderedTable<Digest, Instant>()
        var cohorts = Cohorts()
        /// Until when a batch waits for others.
        var heldUntil: Instant?
        var counters = EngineCounters()

        init(cacheByteLimit: Int) { pool = KeyValuePool(byteLimit: cacheByteLimit) }
    }

    public let kernels: Kernels
    let crew: ThreadCrew
    /// For so long, pages of a request that has ended are kept for the next of its entry.
    let keepTime: Interval
    let state: Mutex<State>
    /// Steps that the next round takes up: put here by a thread that must not wait for a batch.
    let incoming = Mutex<[(step: Step, cameAt: Instant)]>([])
    /// As they were after the last round, for a thread that must not wait for a batch.
    let shownCounters = Mutex(EngineCounters())

    /// - Parameters:
    ///   - cacheByteLimit: memory for all KV caches together; what exceeds it is refused.
    ///   - keepTime: for so long, pages of a request that has ended are kept for the next one of
    ///     its entry, where nobody needs their memory.
    public init(
        kernels: Kernels, crew: ThreadCrew, cacheByteLimit: Int,
        keepTime: Interval = Limits.cacheKeepTimeDefault
    ) {
        self.kernels = kernels
        self.crew = crew
        self.keepTime = keepTime
        state = Mutex(State(cacheByteLimit: cacheByteLimit))
    }

    /// Takes layers in place of the model's earlier ones; answers with the measured time of one
    /// layer for one position: a guess of 4 GB/s where the owner needs the machine meanwhile.
    /// Requests that are under way keep the weights they began with.
    public func load(
        _ model: Digest, shape: ModelShape, layers: LayerRange, pieces: [WeightBytes]
    ) throws(ModelError) -> Int {
        var weights: [LayerWeights] = []
        for (layer, piece) in zip(layers.range, pieces) {
            weights.append(try LayerWeights(piece, layer: layer, shape: shape))
        }
        let forward = Forward(
            shape: shape, kernels: kernels, positionCountMaximum: Limits.cachePositionCount)
        let loaded = LoadedLayers(layers: layers, weights: weights, forward: forward)
        return state.withLock { state in
            // Pages are of the layers that were here.
            if state.models[model]?.layers != layers { state.pool.forgetKept() }
            let workspace = state.workspaces[model] ?? Workspace(shape)
            state.workspaces[model] = workspace
            state.models[model] = loaded
            let byteCount = pieces.reduce(0) { $0 + $1.byteCount }
            return measure(loaded, workspace) ?? max(1, byteCount / layers.count / 4_000)
        }
    }

    /// The time of one position through a layer, the better of a few tries; nil where none came to
    /// its end.
    private func measure(_ loaded: LoadedLayers, _ workspace: Workspace) -> Int? {
        var best: UInt64?
        for _ in 0..<3 {
            let cache = KeyValueState(
                shape: loaded.forward.shape, layers: loaded.layers, capacity: 1)
            let start = SystemClock.now()
            let isWhole = loaded.forward.run(
                loaded.weights, hidden: &workspace.hidden,
                batch: [Segment(state: cache, rowCount: 1)], scratch: &workspace.scratch,
                crew: crew)
            let time = SystemClock.now().since(start).microseconds
            if isWhole { best = min(best ?? time, time) }
        }
        return best.map { max(1, Int($0) / max(1, loaded.layers.count)) }
    }

    public func unload(_ model: Digest) {
        state.withLock { state in
            state.models[model] = nil
            state.workspaces[model] = nil
            state.pool.forgetKept()
        }
        bored_memory_return()
    }

    /// What was done up to the last round. For any thread; waits for nobody.
    public var counters: EngineCounters { shownCounters.withLock { $0 } }

    /// What the KV caches take.
    public var cacheFigures: KeyValuePool.Figures { state.withLock { $0.pool.figures } }

    func withCache<Result: Sendable>(
        of id: RequestID, _ body: @Sendable (KeyValueState) -> Result
    ) -> Result? {
        state.withLock { (state: inout State) -> Result? in
            guard let cache = state.caches[id] else { return nil }
            return body(cache.state)
        }
    }
}
