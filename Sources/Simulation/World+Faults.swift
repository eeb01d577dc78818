internal import Gossip
internal import Identity
internal import MeshNode
internal import Primitives
internal import Sessions
internal import Wire

/// Starts, crashes, partitions, and the end of them all.
extension World {
    func start(_ index: Int) {
        let simulated = nodes[index]
        guard !simulated.isAlive else { return }
        indexOfAddress[simulated.address] = nil
        simulated.life += 1
        simulated.startedAt = now
        simulated.isPaused = false
        simulated.inbox = []
        simulated.address = World.address(index, life: simulated.life)
        indexOfAddress[simulated.address] = index
        simulated.nextWake = .never
        simulated.prompts = OrderedTable()
        simulated.caches = OrderedTable()
        simulated.kept = OrderedTable()
        var settings = NodeSettings(
            swarm: SwarmKey(name: "world"), firstSequence: now.nanoseconds / 1_000_000)
        settings.suite = simulated.keys.suite
        settings.puzzleBitCount = 0
        settings.sessions.puzzleBitCount = 0
        settings.memoryByteCount = 1 << 30
        settings.layerLimit = simulated.layerLimit
        if let count = self.settings.activeViewCount { settings.gossip.activeLimit = count }
        if let count = self.settings.neighbourhoodCount {
            settings.gossip.neighbourhoodLimit = count
        }
        simulated.machine = Machine(
            Node(
                keys: simulated.keys, addresses: [simulated.address], settings: settings,
                entropy: Bytes32(random: &random), seed: random.next(), at: now))
        let pieces = Array(
            repeating: PieceStatus.complete, count: model.manifest.manifest.pieces.count)
        simulated.machine?.node.addModel(
            model.manifest, pieces: pieces, isServed: true, at: now, into: &outbox)
        simulated.machine?.node.meet(contacts(of: index), at: now, into: &outbox)
        simulated.machine?.node.meet(simulated.keptPeers, at: now, into: &outbox)
        settle(index)
    }

    /// Two nodes that are up, or, at the beginning, the first node.
    private func contacts(of index: Int) -> [PeerAddress] {
        var contacts: [PeerAddress] = []
        for _ in 0..<16 where contacts.count < 2 {
            let other = random.below(nodes.count)
            if other != index, nodes[other].isAlive { contacts.append(nodes[other].address) }
        }
        if contacts.isEmpty, index != 0 { contacts = [World.address(0, life: 1)] }
        return contacts
    }

    func crash() {
        let index = random.below(nodes.count)
        if nodes[index].isAlive {
            stop(index)
            crashCount += 1
            let downtime = random.interval(.seconds(1), plan.downtimeMaximum)
            queue.add(.restart(index: index), at: now + downtime)
        }
        if !isHealed, let interval = plan.crashInterval { schedule(.crash, about: interval) }
    }

    /// Kills or pauses a node that serves a stage, or brings its owner back.
    func loseStage() {
        guard !isHealed, let interval = settings.stageLossInterval else { return }
        schedule(.loseStage, about: interval)
        let serving = nodes.indices.filter { nodes[$0].isAlive && !nodes[$0].caches.isEmpty }
        guard !serving.isEmpty else { return }
        let index = serving[random.below(serving.count)]
        stagesLostCount += 1
        switch random.below(3) {
        case 0:
            stop(index)
            crashCount += 1
            queue.add(
                .restart(index: index), at: now + random.interval(.seconds(1), .seconds(10)))
        case 1:
            setPresence(.foreignLoad, of: index, life: nodes[index].life)
            let back = now + random.interval(.milliseconds(100), .seconds(10))
            queue.add(.idle(index: index, life: nodes[index].life), at: back)
        default:
            nodes[index].pausedUntil = now + random.interval(.milliseconds(100), .seconds(10))
        }
        noteCoverage()
    }

    /// What the owner's sensors say of a node, in the life in which they say it.
    func setPresence(_ presence: Presence, of index: Int, life: Int) {
        guard nodes[index].life == life, nodes[index].isAlive else { return }
        nodes[index].machine?.node.setPresence(presence, at: now, into: &outbox)
        settle(index)
    }

    /// Puts off what comes to a paused node.
    func waits(_ event: Event) -> Bool {
        let index: Int
        switch event {
        case .datagram(_, _, let to): index = indexOfAddress[to] ?? -1
        case .wake(let number, _), .task(_, let number, _): index = number
        default: return false
        }
        guard index >= 0, nodes[index].pausedUntil > now else { return false }
        let until = nodes[index].pausedUntil
        if case .wake(_, let life) = event {
            guard nodes[index].life == life, nodes[index].nextWake == now else { return true }
            nodes[index].nextWake = until
        }
        queue.add(event, at: until)
        return true
    }

    func stop(_ index: Int) {
        nodes[index].machine = nil
        promptsFailed += nodes[index].prompts.count
        nodes[index].prompts = OrderedTable()
        nodes[index].caches = OrderedTable()
        nodes[index].pausedUntil = .origin
        fold(UInt64(index))
    }

    func partition() {
        guard !isHealed else { return }
        partitionCount += 1
        for node in nodes { node.side = random.below(3) == 0 ? 1 : 0 }
        let duration = random.interval(.seconds(1), plan.partitionDurationMaximum)
        queue.add(.rejoin, at: now + duration)
        if let interval = plan.partitionInterval { schedule(.partition, about: interval) }
    }

    /// Ends every fault, and brings every node back.
    func heal() {
        isHealed = true
        healedAt = now
        plan = plan.healed
        for index in nodes.indices {
            nodes[index].side = 0
            nodes[index].pausedUntil = .origin
            if !nodes[index].isAlive {
                queue.add(.restart(index: index), at: now + .milliseconds(random.below(2_000)))
            }
        }
    }
}
