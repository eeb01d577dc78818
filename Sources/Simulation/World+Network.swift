internal import Identity
internal import MeshNode
internal import Primitives

/// Ways between nodes: distance, and what the plan lets go wrong.
extension World {
    /// Sends what a node left in the outbox, and schedules its next wake.
    func flush(_ index: Int) {
        let node = nodes[index]
        let from = node.address
        outbox.drain { bytes, address in
            var copy: [UInt8] = []
            copy.reserveCapacity(bytes.count)
            for offset in bytes.indices { copy.append(bytes[offset]) }
            carry(copy, from: from, to: address)
        }
        scheduleWake(index)
    }

    func scheduleWake(_ index: Int) {
        let node = nodes[index]
        let deadline = node.machine?.nextDeadline ?? .never
        guard deadline != .never else { return }
        let instant = max(deadline, now)
        // A wake that is scheduled earlier will look again by itself.
        guard instant < node.nextWake else { return }
        node.nextWake = instant
        queue.add(.wake(index: index, life: node.life), at: instant)
    }

    private func carry(_ bytes: [UInt8], from: PeerAddress, to: PeerAddress) {
        datagramCount += 1
        datagramByteCount += UInt64(bytes.count)
        guard let target = indexOfAddress[to], let source = indexOfAddress[from] else { return }
        guard nodes[target].side == nodes[source].side else { return }
        guard !random.chance(perMillion: plan.lossPerMillion) else { return }
        var bytes = bytes
        if random.chance(perMillion: plan.corruptionPerMillion), !bytes.isEmpty {
            bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
        }
        let copies = random.chance(perMillion: plan.duplicationPerMillion) ? 2 : 1
        for _ in 0..<copies {
            queue.add(
                .datagram(bytes, from: from, to: to),
                at: now + latency(from: source, to: target)
                    + random.interval(.zero, plan.jitterMaximum))
        }
    }

    /// One way: half a millisecond, and more with distance.
    private func latency(from source: Int, to target: Int) -> Interval {
        let (one, other) = (nodes[source].place, nodes[target].place)
        let distance = max(abs(one.x - other.x), abs(one.y - other.y))
        return .microseconds(500)
            + Interval(nanoseconds: plan.latencyMaximum.nanoseconds * UInt64(distance) / 1_000)
    }

    func arrive(_ bytes: [UInt8], from: PeerAddress, to: PeerAddress) {
        guard let index = indexOfAddress[to], nodes[index].isAlive else { return }
        guard !nodes[index].isPaused else {
            nodes[index].keep(bytes, from: from)
            return
        }
        fold(now.nanoseconds)
        fold(UInt64(index) << 32 | UInt64(bytes.count))
        nodes[index].machine?.node.receive(bytes.span, from: from, at: now, into: &outbox)
        settle(index)
    }

    func wake(_ index: Int, life: Int) {
        let node = nodes[index]
        // A wake that an earlier one has replaced is void: otherwise each would breed another.
        guard node.life == life, node.isAlive, !node.isPaused, node.nextWake == now else { return }
        node.nextWake = .never
        // Each core looks for itself whether it is due.
        node.machine?.node.fire(at: now, into: &outbox)
        settle(index)
    }
}
