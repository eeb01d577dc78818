public import Pipelines
public import Primitives
import Synchronization
import Tensors
import Transformers

/// Steps of all requests, run in batches.
extension StageEngine {
    /// Puts a step into the queue of the next rounds; its answer comes out of one of them. A step
    /// behind another of its request begins when that one is done. For any thread; waits for
    /// nobody.
    public func submit(_ step: Step, cameAt: Instant = SystemClock.now()) {
        incoming.withLock { $0.append((step, cameAt)) }
    }

    /// The owner is back: from a moment on, what is being computed ends within some milliseconds,
    /// and steps are answered without an output; nil takes that back. Caches hold what they held
    /// before each step. From any thread, without waiting.
    public func abandon(at moment: Instant?) { crew.abandon(at: moment ?? .never) }

    /// Runs one batch of what waits, or waits for who should run with it, and tells what was
    /// completed.
    public func runRound(_ tell: (EngineAnswer) -> Void) -> ComputeRound {
        let arrived = incoming.withLock { steps in
            defer { steps = [] }
            return steps
        }
        let (answers, round) = state.withLock { state -> ([EngineAnswer], ComputeRound) in
            var answers = accept(arrived, &state)
            var held: Instant?
            if crew.isAbandoned {
                answers += giveUp(&state)
            } else {
                answers += shareRows(&state) + state.takeUnknown()
                switch plan(&state) {
                case .wait(let until): held = until
                case .run(let limit): answers += runBatch(&state, shortLimit: limit)
                }
            }
            if held != nil, state.heldUntil == nil { state.counters.batchesHeld += 1 }
            state.heldUntil = held
            state.counters.rowsShared = state.pool.figures.sharedRowCount
            shownCounters.withLock { $0 = state.counters }
            if let held { return (answers, .wait(until: held)) }
            let isBusy = !(state.queue.entries.isEmpty && state.following.isEmpty)
            if isBusy || !answers.isEmpty { return (answers, .again) }
            return (answers, forget(&state))
        }
        for answer in answers { tell(answer) }
        return round
    }

    /// Whether what waits runs now.
    private func plan(_ state: inout State) -> Cohorts.Plan {
        guard !crew.isToBeAbandoned, let group = state.queue.onlyGroup,
            let layerCount = state.models[group.model]?.forward.shape.layerCount
        else { return .run(limit: .max) }
        let place = Cohorts.Place(layers: group.layers, of: layerCount)
        return state.cohorts.plan(group, place, at: SystemClock.now())
    }

    /// Runs one step to its end, alone or with what else waits: for tests and measurements.
    public func run(_ step: Step) -> (output: [UInt8], microseconds: UInt32)? {
        submit(step)
        var result: (output: [UInt8], microseconds: UInt32)?
        var isDone = false
        while !isDone {
            let round = runRound { answer in
                guard case .computed(step.request, step, let output, let time) = answer else {
                    return
                }
                isDone = true
                result = output.map { ($0, time) }
            }
            if round == .rest { break }
        }
        return result
    }

    /// Queues the steps that nothing of their request goes before; answers those that can't be run.
    private func accept(
        _ arrived: [(step: Step, cameAt: Instant)], _ state: inout State
    ) -> [EngineAnswer] {
        let now = SystemClock.now()
        let steps = state.following.map { (step: $0, cameAt: now) } + arrived
        state.following = []
        var answers: [EngineAnswer] = []
        for (step, cameAt) in steps {
            let isBehind =
                state.queue.entries.contains { $0.step.request == step.request }
                || state.following.contains { $0.request == step.request }
            if isBehind {
                state.following.append(step)
            } else if let answer = accept(step, cameAt: cameAt, &state) {
                answers.append(answer)
            }
        }
        return answers
    }

    /// Queues a step that may have come while a batch ran; the answer where it can't be run.
    private func accept(
        _ step: Step, cameAt: Instant, _ state: inout State
    ) -> EngineAnswer? {
        guard let cache = state.caches[step.request],
            step.position <= cache.state.positionCount,
            step.position + step.rowCount <= cache.state.capacity,
            step.isNamed || step.rows.count == step.rowCount * cache.forward.shape.hiddenSize * 4
        else { return .computed(step.request, step, output: nil, microseconds: 0) }
        // It overwrites what was drafted ahead and did not hold.
        cache.state.truncate(to: step.position)
        cache.isLast = step.isLast
        let group = StepGroup(model: cache.model, layers: cache.state.layers)
        state.cohorts.came(
            step.request, rowCount: step.rowCount, group: group, at: cameAt)
        state.queue.add(step, group: group, digests: cache.prefix.add(step))
        return nil
    }

    func answer(_ entry: StepQueue.Entry) -> EngineAnswer {
        .computed(
            entry.step.request, entry.step, output: entry.output,
            microseconds: UInt32(clamping: entry.microseconds))
    }

    private func runBatch(_ state: inout State, shortLimit: Int) -> [EngineAnswer] {
        let parts = state.queue.nextBatch(shortLimit: shortLimit)
        let caches = parts.compactMap { state.caches[state.queue.entries[$0.index].step.request] }
        guard let lead = caches.first else { return [] }
        precondition(caches.count == parts.count, "closing a request takes its steps out")
        let workspace = lead.workspace
        let start = SystemClock.now()
        var batch: [Segment] = []
        var offset = 0
        for (part, cache) in zip(parts, caches) {
            let entry = state.queue.entries[part.index]
            let rowByteCount = lead.forward.shape.hiddenSize * 4
            let from = entry.rowCount * rowByteCount
            let bytes = entry.step.rows[from..<from + part.rowCount * rowByteCount]
            workspace.hidden.write(littleEndian: bytes, at: offset)
            offset += bytes.count / 4
            let rows = entry.rowCount..<entry.rowCount + part.rowCount
            batch.append(
                Segment(
                    state: cache.state, rowCount: part.rowCount,
                    outputRowCount: entry.outputPlace(of: rows).count))
        }
        let isWhole = lead.forward.run(
            lead.weights, hidden: &workspace.hidden, batch: batch, scratch: &workspace.scratch,
            crew: crew)
        guard isWhole else { return giveUp(&state) }
        var outputs: [[UInt8]] = []
        offset = 0
        for segment in batch {
            let end = offset + segment.outputRowCount * lead.forward.shape.hiddenSize
            outputs.append(workspace.hidden.littleEndianBytes(of: offset..<end))
            offset = end
        }
        let end = SystemClock.now()
        state.queue.note(parts, outputs: outputs, microseconds: end.since(start).microseconds)
        let rowCount = parts.reduce(0) { $0 + $1.rowCount }
        state.counters.batchesRun += 1
        state.counters.rowsRun += UInt64(rowCount)
        publish(parts, outputs, &state)
        let isShort = parts.allSatisfy { state.queue.entries[$0.index].isShort }
        let group = state.queue.entries[parts[0].index].group
        if isShort { state.cohorts.took(end.since(start), rowCount: rowCount, of: group) }
        let complete = state.queue.takeComplete()
        state.cohorts.ran(complete.map(\.step.request), in: end.since(start), at: end)
        return complete.map(answer)
    }

    /// Answers everything that waits without an output, and forgets what was begun of it.
    private func giveUp(_ state: inout State) -> [EngineAnswer] {
        let begun = state.queue.removeAll().map { entry in
            if let cache = state.caches[entry.step.request] {
                cache.state.truncate(to: min(cache.state.positionCount, entry.step.position))
                cache.prefix.truncate(to: entry.step.position)
            }
            return entry.step
        }
        let steps = begun + state.following
        state.following = []
        state.cohorts.removeAll()
        state.counters.stepsGivenUp += UInt64(steps.count)
        return steps.map { .computed($0.request, $0, output: nil, microseconds: 0) }
    }
}
