internal import Identity
internal import Primitives
internal import Wire

/// States that go to a peer: those that it has not from here, and those that it asks for.
extension GossipCore {
    func item(of entry: KnownState, at now: Instant) -> StateItem {
        StateItem(
            hopCount: UInt8(entry.hopCount), age: age(of: entry, at: now), signed: entry.signed)
    }

    func age(of entry: KnownState, at now: Instant) -> UInt8 {
        Age.byte(of: now.since(entry.heardAt))
    }

    /// Tells a peer the states it has not from here, links first.
    mutating func tellStates(
        to peer: NodeID, limit: Int, at now: Instant, into mail: inout Mail
    ) {
        var owners: [NodeID] = []
        for isLink in [true, false] {
            for index in known.keys.indices where (known.values[index].hopCount == 1) == isLink {
                let owner = known.keys[index]
                if owner != peer, !known.values[index].toldTo.contains(peer) {
                    owners.append(owner)
                }
            }
        }
        owners = Array(owners.prefix(limit))
        sendStates(owners, isAnswer: false, to: peer, at: now, into: &mail)
    }

    private mutating func sendStates(
        _ owners: [NodeID], isAnswer: Bool, to peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        var items: [StateItem] = []
        if isAnswer, !record.isTransient {
            items.append(StateItem(hopCount: 0, age: 0, signed: signedOwn))
        }
        for owner in owners {
            guard let entry = known[owner] else { continue }
            items.append(item(of: entry, at: now))
            if active.contains(peer) { known.update(owner) { $0.tell(peer) } }
        }
        let size = Limits.gossipStatesPerMessage
        var start = 0
        while start < items.count || (isAnswer && start == 0) {
            let end = min(items.count, start + size)
            let message = GossipMessage.states(
                answerCount: isAnswer ? items.count : nil, Array(items[start..<end]))
            send(message, to: peer, into: &mail)
            start = max(end, 1)
        }
    }

    mutating func receiveAskStates(
        _ prefixes: [UInt64], from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard prefixes.isEmpty else {
            var owners: [NodeID] = []
            if prefixes.contains(id.prefix), !record.isTransient {
                let own = StateItem(hopCount: 0, age: 0, signed: signedOwn)
                send(.states(answerCount: nil, [own]), to: peer, into: &mail)
            }
            for prefix in prefixes {
                if let owner = owner(of: prefix), !owners.contains(owner) {
                    owners.append(owner)
                }
            }
            sendStates(owners, isAnswer: false, to: peer, at: now, into: &mail)
            return
        }
        guard !answered.contains(peer, at: now) else {
            counters.flooded += 1
            return
        }
        answered.mark(peer, until: now + .milliseconds(Limits.gossipAnswerMilliseconds))
        sendStates(
            known.keys.filter { $0 != peer }, isAnswer: true, to: peer, at: now, into: &mail)
    }
}
