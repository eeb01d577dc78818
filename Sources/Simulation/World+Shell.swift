internal import Identity
internal import MeshNode
internal import Pipelines
internal import Primitives
internal import Wire

/// The simulated shell: answers what nodes ask of disk, memory and arithmetic.
extension World {
    /// Interprets a node's effects until there are none, then sends what it wrote.
    func settle(_ index: Int) {
        let simulated = nodes[index]
        while let effect = simulated.machine?.node.nextEffect() { perform(effect, for: index) }
        flush(index)
    }

    private func perform(_ effect: NodeEffect, for index: Int) {
        let simulated = nodes[index]
        watch?(effect, index)
        switch effect {
        case .load(let model, let layers):
            let time = Interval.milliseconds(20 + random.below(50))
            add(.loaded(model: model, layers), for: index, after: time)
        case .openCache(let offer):
            openCache(offer, of: simulated)
        case .compute(_, let step):
            var isNext = true
            simulated.caches.update(step.request) { isNext = $0.queue(step) }
            if isNext { compute(step, index: index) }
        case .exportCache(let id, let from, let end):
            simulated.machine?.node.cacheExported(
                id, from: from, upTo: end, bytes: simulated.caches[id]?.bytes(at: end), at: now,
                into: &outbox)
        case .importCache(let id, _, let bytes):
            var position: Int?
            simulated.caches.update(id) { position = $0.take(bytes) }
            simulated.machine?.node.cacheImported(id, position: position, at: now, into: &outbox)
        case .closeCache(let id): simulated.caches[id] = nil
        case .requestOpened(let ticket, _): sendSteps(ticket, index: index)
        case .requestRewound(let ticket):
            simulated.prompts.update(ticket) { prompt in
                prompt.sentCount = 0
                prompt.returnedCount = 0
            }
            sendSteps(ticket, index: index)
        case .stepDone(let ticket, let step): stepDone(ticket, step, index: index)
        case .requestFailed(let ticket, let end): promptFailed(ticket, end, index: index)
        case .readChunk(let token, _, _):
            simulated.machine?.node.chunkRead(token, bytes: nil, at: now, into: &outbox)
        case .readChunkList(let token, _):
            simulated.machine?.node.chunkListRead(token, digests: nil, at: now, into: &outbox)
        case .keepSeeds(let records): simulated.keptPeers = records
        case .storeManifest, .storeChunkList, .storeChunk, .completePiece, .removePiece,
            .unload,
            .requestWaiting, .requestMended, .manifestFound, .pieceReady, .pieceFailed,
            .accountArrived,
            .statesArrived, .note:
            break
        }
    }

    func add(_ task: ShellAnswer, for index: Int, after time: Interval) {
        queue.add(.task(task, index: index, life: nodes[index].life), at: now + time)
    }

    func finish(_ task: ShellAnswer, index: Int, life: Int) {
        let simulated = nodes[index]
        guard simulated.life == life, simulated.isAlive else { return }
        guard !simulated.isPaused else {
            add(task, for: index, after: .milliseconds(100))
            return
        }
        switch task {
        case .loaded(let model, let layers):
            simulated.machine?.node.layersLoaded(
                model: model, layers: layers, layerMicroseconds: simulated.layerMicroseconds,
                at: now, into: &outbox)
        case .computed(let id, let step, let output, let microseconds):
            var next: Step?
            simulated.caches.update(id) { next = $0.next(after: step) }
            if let next { compute(next, index: index) }
            simulated.machine?.node.computed(
                id, step: step, output: output, microseconds: microseconds, at: now,
                into: &outbox)
        case .rowsNotKnown(let id, let step):
            simulated.caches.update(id) { _ = $0.next(after: step) }
            simulated.machine?.node.rowsNotKnown(id, step: step, at: now, into: &outbox)
        }
        settle(index)
    }

    // MARK: prompts

    func prompt() {
        guard !isClosing else { return }
        schedule(.prompt, about: settings.promptInterval)
        let index = random.below(nodes.count)
        let simulated = nodes[index]
        guard simulated.isAlive, !simulated.isPaused, simulated.prompts.count < 4 else { return }
        let patience: Interval = isHealed ? .seconds(20) : .seconds(5)
        let ticket = simulated.machine?.node.openRequest(
            model: model.digest, positionLimit: 4_096, patience: patience, at: now, into: &outbox)
        if let ticket {
            var prompt = SimulatedPrompt(
                stepsLeft: 1 + random.below(settings.promptStepCount),
                cache: SimulatedCache(layers: LayerRange(0, model.layerCount)), startedAt: now,
                progressedAt: now, patience: patience)
            begin(&prompt, at: simulated)
            simulated.prompts[ticket] = prompt
        }
        settle(index)
    }

    func randomRows(_ rowCount: Int) -> [UInt8] {
        var rows: [UInt8] = []
        for _ in 0..<rowCount * model.hiddenSize * 4 {
            rows.append(UInt8(truncatingIfNeeded: random.next()))
        }
        return rows
    }

    func addStep(
        to prompt: inout SimulatedPrompt, rows: [UInt8], resultCount: Int, draftCount: Int = 0
    ) {
        let rowCount = rows.count / (model.hiddenSize * 4)
        let position = prompt.cache.position
        let whole = LayerRange(0, model.layerCount)
        let expected = SimulatedModel.run(
            whole, over: rows, rowByteCount: model.hiddenSize * 4, cache: &prompt.cache)
        prompt.steps.append(
            .init(
                position: position, rowCount: rowCount, draftCount: draftCount,
                resultCount: resultCount, rows: rows,
                expected: expected.suffix(resultCount * model.hiddenSize * 4)))
    }

    /// A token's row, at times with some guessed ones behind it; of those before, some held.
    private func addDraftedStep(to prompt: inout SimulatedPrompt) {
        if let last = prompt.steps.last, last.draftCount > 0 {
            let held = random.below(last.draftCount + 1)
            let isThere = prompt.cache.rewind(to: last.position + 1 + held)
            precondition(isThere, "a drafted step is no longer than what a cache remembers")
        }
        let draftCount = random.below(3) == 0 ? 1 + random.below(4) : 0
        let rows = randomRows(1 + draftCount)
        addStep(to: &prompt, rows: rows, resultCount: 1 + draftCount, draftCount: draftCount)
    }

    /// Sends what the chain takes; after a rewind every step from the first on.
    private func sendSteps(_ ticket: Ticket, index: Int) {
        let simulated = nodes[index]
        while let prompt = simulated.prompts[ticket], prompt.sentCount < prompt.steps.count {
            let step = prompt.steps[prompt.sentCount]
            let isSent = simulated.machine?.node.step(
                ticket, position: step.position, rowCount: step.rowCount,
                resultCount: step.resultCount, rows: step.rows,
                mayBeKept: prompt.sentCount < prompt.promptStepCount, at: now, into: &outbox)
            guard isSent == true else { return }
            simulated.prompts.update(ticket) { $0.sentCount += 1 }
        }
    }

    private func stepDone(_ ticket: Ticket, _ step: Step, index: Int) {
        let simulated = nodes[index]
        guard var prompt = simulated.prompts[ticket] else { return }
        guard prompt.returnedCount < prompt.sentCount,
            step.rows[...] == prompt.steps[prompt.returnedCount].expected
        else {
            verdict = .wrong("node \(index) got a wrong result for \(step.request)")
            return
        }
        prompt.returnedCount += 1
        longestStall = max(longestStall, now.since(prompt.progressedAt))
        prompt.progressedAt = now
        if prompt.returnedCount == prompt.steps.count {
            guard prompt.stepsLeft > 0 else {
                finishPrompt(ticket, prompt, index: index)
                return
            }
            prompt.stepsLeft -= 1
            addDraftedStep(to: &prompt)
        }
        simulated.prompts[ticket] = prompt
        sendSteps(ticket, index: index)
    }

    private func finishPrompt(_ ticket: Ticket, _ prompt: SimulatedPrompt, index: Int) {
        nodes[index].prompts[ticket] = nil
        promptsFinished += 1
        if prompt.startedAt >= healedAt { healedPrompts.finished += 1 }
        nodes[index].machine?.node.closeRequest(ticket, at: now, into: &outbox)
    }

    private func promptFailed(_ ticket: Ticket, _ end: RequestEnd, index: Int) {
        guard let prompt = nodes[index].prompts.remove(ticket) else { return }
        promptsFailed += 1
        // An entry that has just slept can know of nobody.
        if case .layersMissing = end, now.since(uncoveredAt) > .seconds(10),
            now.since(nodes[index].pausedUntil) > .seconds(10)
        {
            promptsFailedCovered += 1
        }
        if prompt.startedAt >= healedAt { healedPrompts.failed += 1 }
    }

    private func compute(_ step: Step, index: Int) {
        let simulated = nodes[index]
        var (time, output) = (0, [UInt8]?.none)
        let rowByteCount = model.hiddenSize * 4
        simulated.caches.update(step.request) { cache in
            let runCount = step.isNamed ? 0 : step.rowCount
            time = simulated.layerMicroseconds * cache.layers.count * runCount
            guard cache.rewind(to: step.position) else { return }
            output = outcome(of: step, cache: &cache, at: simulated)
        }
        guard output != nil || !step.isNamed else {
            return add(.rowsNotKnown(step.request, step), for: index, after: .microseconds(20))
        }
        output = output?.suffix(step.outputCount * rowByteCount)
        add(
            .computed(step.request, step, output: output, microseconds: UInt32(time)),
            for: index, after: .microseconds(time))
    }
}
