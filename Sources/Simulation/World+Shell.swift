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
            simulated.machine?.node.cacheOpened(offer.request, isOpen: true, at: now, into: &outbox)
        case .compute(let offer, let step):
            let time = simulated.layerMicroseconds * offer.layers.count * step.rowCount
            let output = SimulatedModel.run(offer.layers, over: step.rows, position: step.position)
            add(
                .computed(step.request, step, output: output, microseconds: UInt32(time)),
                for: index, after: .microseconds(time))
        case .requestOpened(let ticket, _): sendStep(ticket, index: index)
        case .stepDone(let ticket, let step): stepDone(ticket, step, index: index)
        case .requestFailed(let ticket, _): promptFailed(ticket, index: index)
        case .readChunk(let token, _, _):
            simulated.machine?.node.chunkRead(token, bytes: nil, at: now, into: &outbox)
        case .readChunkList(let token, _):
            simulated.machine?.node.chunkListRead(token, digests: nil, at: now, into: &outbox)
        case .storeManifest, .storeChunkList, .storeChunk, .completePiece, .removePiece, .keepSeeds,
            .unload,
            .closeCache, .manifestFound, .pieceReady, .pieceFailed, .accountArrived,
            .statesArrived, .note:
            break
        }
    }

    private func add(_ task: ShellAnswer, for index: Int, after time: Interval) {
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
            simulated.machine?.node.computed(
                id, step: step, output: output, microseconds: microseconds, at: now,
                into: &outbox)
        }
        settle(index)
    }

    // MARK: prompts

    func prompt() {
        schedule(.prompt, about: settings.promptInterval)
        let index = random.below(nodes.count)
        let simulated = nodes[index]
        guard simulated.isAlive, !simulated.isPaused, simulated.prompts.count < 4 else { return }
        let patience: Interval = isHealed ? .seconds(20) : .seconds(5)
        let ticket = simulated.machine?.node.openRequest(
            model: model.digest, positionLimit: 64, patience: patience, at: now, into: &outbox)
        if let ticket {
            simulated.prompts[ticket] = SimulatedPrompt(
                stepsLeft: 1 + random.below(6), startedAt: now)
        }
        settle(index)
    }

    private func sendStep(_ ticket: Ticket, index: Int) {
        let simulated = nodes[index]
        guard var prompt = simulated.prompts[ticket] else { return }
        let rowCount = prompt.position == 0 ? 3 : 1
        var rows: [UInt8] = []
        for _ in 0..<rowCount * model.hiddenSize * 4 {
            rows.append(UInt8(truncatingIfNeeded: random.next()))
        }
        let whole = LayerRange(0, model.layerCount)
        prompt.expected = SimulatedModel.run(whole, over: rows, position: prompt.position)
        let isSent = simulated.machine?.node.step(
            ticket, position: prompt.position, rowCount: rowCount, rows: rows, at: now,
            into: &outbox)
        prompt.position += rowCount
        simulated.prompts[ticket] = prompt
        if isSent != true { verdict = .wrong("an open request took no step at node \(index)") }
    }

    private func stepDone(_ ticket: Ticket, _ step: Step, index: Int) {
        let simulated = nodes[index]
        guard var prompt = simulated.prompts[ticket] else { return }
        guard step.rows == prompt.expected else {
            verdict = .wrong("node \(index) got a wrong result for \(step.request)")
            return
        }
        prompt.stepsLeft -= 1
        simulated.prompts[ticket] = prompt
        guard prompt.stepsLeft == 0 else {
            sendStep(ticket, index: index)
            return
        }
        simulated.prompts[ticket] = nil
        promptsFinished += 1
        if prompt.startedAt >= healedAt { healedPrompts.finished += 1 }
        simulated.machine?.node.closeRequest(ticket, at: now, into: &outbox)
    }

    private func promptFailed(_ ticket: Ticket, index: Int) {
        guard let prompt = nodes[index].prompts.remove(ticket) else { return }
        promptsFailed += 1
        if prompt.startedAt >= healedAt { healedPrompts.failed += 1 }
    }
}
