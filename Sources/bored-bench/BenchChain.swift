import Glibc
import Pipelines
import Primitives
import Runtime
import Synchronization
import Tensors
import Transformers

/// One stage of a chain in one process: a thread, and the steps of each request in their order.
private final class BenchStage: Sendable {
    private struct Waiting {
        var busy: Set<RequestID> = []
        var steps: [Step] = []
    }

    let engine: StageEngine
    private let isLast: Bool
    private let thread: ComputeThread
    private let waiting = Mutex(Waiting())

    /// - Parameter pass: gets what the stage computed.
    init(
        _ engine: StageEngine, isLast: Bool, pass: @escaping @Sendable (Step) -> Void
    ) throws {
        self.engine = engine
        self.isLast = isLast
        let later = Later()
        thread = try ComputeThread {
            engine.runRound { answer in
                guard case .computed(_, var step, let output?, _) = answer else {
                    fatalError("a step was not run")
                }
                later.stage?.finished(step.request)
                step.rows = output
                pass(step)
            }
        }
        later.stage = self
    }

    /// The stage, once it exists.
    private final class Later: @unchecked Sendable {
        // Written before the first step comes.
        weak var stage: BenchStage?
    }

    func take(_ step: Step) {
        let isFirst = waiting.withLock { waiting in
            if waiting.busy.insert(step.request).inserted { return true }
            waiting.steps.append(step)
            return false
        }
        if isFirst { run(step) }
    }

    private func finished(_ id: RequestID) {
        let next = waiting.withLock { waiting -> Step? in
            guard let index = waiting.steps.firstIndex(where: { $0.request == id }) else {
                waiting.busy.remove(id)
                return nil
            }
            return waiting.steps.remove(at: index)
        }
        if let next { run(next) }
    }

    private func run(_ step: Step) {
        var step = step
        step.isLast = isLast
        engine.submit(step)
        thread.wake()
    }

    func finish() { thread.finish() }
}

/// Stages of one thread each in one process, steps handed from one to the next.
final class BenchChain {
    private var stages: [BenchStage] = []
    private let done = Mailbox<RequestID>(capacity: 1_024)
    private let shape: ModelShape
    private let model = Digest(Bytes32(Array(repeating: 1, count: 32)))
    private var requestCount: UInt64 = 0

    init(_ shape: ModelShape, _ pieces: [WeightBytes], stageCount: Int) throws {
        self.shape = shape
        let perStage = shape.layerCount / stageCount
        // From the last stage to the first: each knows the next.
        for index in (0..<stageCount).reversed() {
            let layers = LayerRange(index * perStage, (index + 1) * perStage)
            let engine = StageEngine(
                kernels: Kernels(level: .detected), crew: try ThreadCrew(memberCount: 1),
                cacheByteLimit: 1 << 32, keepTime: .zero)
            _ = try engine.load(
                model, shape: shape, layers: layers, pieces: Array(pieces[layers.range]))
            let stage: BenchStage
            if let next = stages.first {
                stage = try BenchStage(engine, isLast: false) { next.take($0) }
            } else {
                let done = done
                stage = try BenchStage(engine, isLast: true) { done.post($0.request) }
            }
            stages.insert(stage, at: 0)
        }
    }

    func finish() { for stage in stages { stage.finish() } }

    private func open(_ count: Int) throws -> [RequestID] {
        let perStage = shape.layerCount / stages.count
        return try (0..<count).map { _ in
            requestCount += 1
            // Entries that differ: nothing is shared.
            let entry = NodeID(
                Bytes32((0..<32).map { UInt8(truncatingIfNeeded: requestCount >> $0) }))
            let id = RequestID(entry: entry, number: requestCount)
            for (index, stage) in stages.enumerated() {
                try stage.engine.open(
                    id, model: model, layers: LayerRange(index * perStage, (index + 1) * perStage),
                    hiddenSize: shape.hiddenSize, positionLimit: 1_024)
            }
            return id
        }
    }

    private func close(_ ids: [RequestID]) {
        for id in ids { for stage in stages { stage.engine.close(id) } }
    }

    private func send(_ id: RequestID, _ position: Int, _ rowCount: Int) {
        let rows = [UInt8](repeating: 0x3C, count: rowCount * shape.hiddenSize * 4)
        stages[0].take(
            Step(
                request: id, index: 0, position: position, rowCount: rowCount, resultCount: 1,
                rows: rows))
    }

    private func wait() -> RequestID {
        while true {
            if let id = done.next() { return id }
            usleep(20)
        }
    }

    /// Positions a second of a prompt that comes in the steps of an entry.
    func prefill(rowCount: Int) throws -> Double {
        let ids = try open(1)
        var settings = GenerationSettings(prefillRowCount: Limits.promptStepRowCount)
        settings.lastStepRowCount = Limits.promptLastStepRowCount
        let time = seconds {
            var (position, stepCount) = (0, 0)
            while position < rowCount {
                let count = settings.rowCount(left: rowCount - position)
                send(ids[0], position, count)
                position += count
                stepCount += 1
            }
            for _ in 0..<stepCount { _ = wait() }
        }
        close(ids)
        return Double(rowCount) / time
    }

    /// Tokens a second of so many requests together, each one position after the other.
    func decode(requestCount: Int, stepCount: Int) throws -> Double {
        let ids = try open(requestCount)
        var positions: [RequestID: Int] = [:]
        let time = seconds {
            for id in ids { send(id, 0, 1) }
            for _ in 0..<requestCount * stepCount {
                let id = wait()
                positions[id, default: 0] += 1
                if let position = positions[id], position < stepCount { send(id, position, 1) }
            }
        }
        close(ids)
        return Double(requestCount * stepCount) / time
    }
}
