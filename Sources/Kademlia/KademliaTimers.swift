internal import Identity
public import Primitives

extension KademliaCore {
    public var nextDeadline: Instant {
        var next = min(min(nextCheckAt, nextSelfLookupAt), min(nextRefreshAt, store.nextExpiry))
        for request in requests.values {
            next = min(next, request.isSlow ? request.hardDeadline : request.softDeadline)
        }
        for lookup in lookups.values { next = min(next, lookup.deadline) }
        return next
    }

    public mutating func fire(at now: Instant, into mail: inout Mail) {
        expireRequests(at: now, into: &mail)
        for id in lookups.keys {
            guard let lookup = lookups[id], lookup.deadline <= now else { continue }
            cut(id, lookup, at: now, into: &mail)
        }
        publishWaiting(at: now, into: &mail)
        if store.nextExpiry <= now { store.removeExpired(at: now) }
        if nextCheckAt <= now { checkOldest(at: now, into: &mail) }
        if nextSelfLookupAt <= now {
            nextSelfLookupAt = .never
            isSelfLookupRunning = true
            _ = startLookup(own.id, .ownNeighbours, urgent: false, at: now, into: &mail)
        }
        if nextRefreshAt <= now { refresh(at: now, into: &mail) }
    }

    private mutating func expireRequests(at now: Instant, into mail: inout Mail) {
        for number in requests.keys {
            guard let request = requests[number] else { continue }
            if request.hardDeadline <= now {
                failRequest(number, at: now, into: &mail)
            } else if !request.isSlow, request.softDeadline <= now {
                requests.update(number) { $0.isSlow = true }
                guard let id = request.lookup, var lookup = lookups.remove(id) else { continue }
                lookup.mark(request.peer, .slow)
                advance(id, lookup, at: now, into: &mail)
            }
        }
    }

    /// A liveness check of whoever was silent longest, on its own schedule: were newcomers able to
    /// cause checks, they could empty the table. A table that proves sound is checked more and more
    /// rarely.
    private mutating func checkOldest(at now: Instant, into mail: inout Mail) {
        nextCheckAt = now + random.jittered(checkGap)
        let quiet = earlier(settings.quietInterval, now)
        guard let id = table.leastRecentlyHeard(before: quiet) else { return }
        // Nobody is that near to anybody: the answer is short.
        let distances = [1]
        let number = beginRequest(id, .check(distances: distances), at: now)
        mail.send(FindNodes(request: number, distances: distances).encoded, to: id)
    }

    /// A lookup of a random id in one bucket: all buckets in turn, the farthest first. The first
    /// round is part of joining: it only sees to it that no bucket is bare, and meets no more
    /// strangers than it needs for that.
    private mutating func refresh(at now: Instant, into mail: inout Mail) {
        let nearest = table.buckets.keys.first ?? 256
        let isJoining = isFirstRefreshRound
        if isJoining { refreshDistance = firstBareBucket(from: refreshDistance, downTo: nearest) }
        let distance = refreshDistance
        refreshDistance -= 1
        if refreshDistance <= nearest || counters.strangersAsked >= Limits.joinStrangerCount {
            refreshDistance = 256
            isFirstRefreshRound = false
        }
        nextRefreshAt =
            isFirstRefreshRound
            ? now + settings.softTimeoutMinimum : now + random.jittered(settings.refreshInterval)
        guard distance > nearest || !isJoining else { return }
        let target = randomID(atLogDistance: distance)
        _ = startLookup(target, .refresh(isQuick: isJoining), urgent: false, at: now, into: &mail)
    }

    private func firstBareBucket(from distance: Int, downTo nearest: Int) -> Int {
        var distance = distance
        while distance > nearest,
            table.buckets[distance]?.entries.count ?? 0 >= Limits.bareBucketEntryCount
        { distance -= 1 }
        return distance
    }

    private mutating func randomID(atLogDistance logDistance: Int) -> NodeID {
        var bits = Bytes32(random: &random)
        for index in stride(from: 255, through: logDistance - 1, by: -1) {
            bits.set(index, to: index == logDistance - 1)
        }
        return NodeID(own.id.raw ^ bits)
    }

    /// A request came to nothing: the peer lost standing, and whoever asked goes on without it.
    mutating func failRequest(_ number: UInt32, at now: Instant, into mail: inout Mail) {
        guard let request = requests.remove(number) else { return }
        counters.requestsMissed += 1
        checkGap = settings.livenessInterval
        missed(request.peer)
        if let record = record(of: request.peer) { cache.fail(record, at: now) }
        if case .put(let id) = request.purpose {
            if let topic = publications[id]?.topic { keepers.forget(topic) }
            settlePublication(id, stored: false, at: now, into: &mail)
        }
        guard let id = request.lookup, var lookup = lookups.remove(id) else { return }
        lookup.mark(request.peer, .failed)
        advance(id, lookup, at: now, into: &mail)
    }

    mutating func missed(_ id: NodeID) {
        if table.miss(id, random: &random) { counters.entriesDropped += 1 }
    }
}

extension KademliaRequest {
    /// The lookup that the request belongs to, while it may still ask others.
    var lookup: LookupID? {
        switch purpose {
        case .lookup(let id, _), .lookupAds(let id): id
        case .put, .check: nil
        }
    }
}

extension Bytes32 {
    /// Sets bit `index`, 0 being the last one and 255 the first.
    mutating func set(_ index: Int, to isSet: Bool) {
        let mask: UInt64 = 1 << UInt64(index & 63)
        func changed(_ word: UInt64) -> UInt64 { isSet ? word | mask : word & ~mask }
        switch index >> 6 {
        case 3: first = changed(first)
        case 2: second = changed(second)
        case 1: third = changed(third)
        default: fourth = changed(fourth)
        }
    }
}
