public import Primitives

/// When sessions have something to do.
extension SessionCore {
    /// Lets a session send what it can, renews its keys, and notes when it is next due.
    mutating func service(_ slot: Int, at now: Instant, into outbox: inout Outbox) {
        let service = sessions[slot].service(at: now, bench: &bench, into: &outbox)
        guard service.wantsRenewal else { return setDeadline(slot, service.deadline) }
        beginHandshake(slot, with: [sessions[slot].address], at: now, into: &outbox)
        if service.isBlocked { setDeadline(slot, now) }
    }

    func phase(_ slot: Int) -> Session.Phase { sessions[slot].phase }

    mutating func setDeadline(_ slot: Int, _ deadline: Instant) {
        deadlines[slot] = deadline
        earliest = min(earliest, deadline)
    }

    public var nextDeadline: Instant {
        inquiries.reduce(earliest) { min($0, $1.retryAt) }
    }

    public mutating func fire(at now: Instant, into outbox: inout Outbox) {
        fireInquiries(at: now, into: &outbox)
        guard earliest <= now else { return }
        let slotCount = sessions.count
        for step in 0..<slotCount {
            let slot = (cursor + step) % slotCount
            guard deadlines[slot] <= now else { continue }
            guard !outbox.isFull else {
                cursor = slot
                break
            }
            fire(slot, at: now, into: &outbox)
        }
        earliest = deadlines.reduce(.never) { min($0, $1) }
    }

    private mutating func fire(_ slot: Int, at now: Instant, into outbox: inout Outbox) {
        if let next = sessions[slot].next, next.expires <= now {
            slotOfIndex[next.keys.localIndex] = nil
            sessions[slot].next = nil
            if sessions[slot].phase == .answering {
                if sessions[slot].isWanted {
                    bench.events.append(.unreachable(sessions[slot].id))
                }
                return vacate(slot)
            }
        }
        if let handshake = sessions[slot].handshake, handshake.retryAt <= now {
            guard retryHandshake(slot, at: now, into: &outbox) else { return }
        }
        guard sessions[slot].phase == .established else {
            return setDeadline(slot, sessions[slot].nextDeadline(bench.settings))
        }
        if sessions[slot].transport.lostPeerAt(bench.settings.lossTimeout) <= now {
            return end(slot, .timeout, tellsPeer: false, at: now, into: &outbox)
        }
        if sessions[slot].transport.isQuiet,
            sessions[slot].lastActivity + bench.settings.idleTimeout <= now
        {
            return end(slot, .idle, tellsPeer: true, at: now, into: &outbox)
        }
        if sessions[slot].transport.lossAt <= now {
            let lossCount = sessions[slot].transport.lossCount
            sessions[slot].transport.detectLosses(at: now)
            bench.counters.packetsLost += sessions[slot].transport.lossCount - lossCount
        } else if sessions[slot].transport.probeAt <= now {
            sessions[slot].transport.probe()
            bench.counters.probes += 1
        }
        sessions[slot].tryPath(at: now, bench: &bench, into: &outbox)
        service(slot, at: now, into: &outbox)
    }
}
