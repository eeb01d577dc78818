internal import Identity
internal import Primitives
internal import Wire

extension ShardCore {
    /// Sends every request that may be sent now, the earliest wanted piece first.
    mutating func pump(at now: Instant, into mail: inout Mail) {
        nextPumpAt = .never
        for root in order {
            guard mayAsk else { return }
            pump(root, at: now, into: &mail)
        }
    }

    private mutating func pump(_ root: Digest, at now: Instant, into mail: inout Mail) {
        while mayAsk, let fetch = fetches[root] {
            let wantsList = fetch.digests == nil
            let index = fetch.pending.last
            if wantsList ? fetch.isListAsked : index == nil { return }
            guard let peer = chooseSource(root, at: now) else { return }
            if wantsList {
                fetches.update(root) { $0.isListAsked = true }
                let number = begin(.list(root: root), at: peer, timeout: Limits.chunkTimeout, now)
                mail.send(ShardMessage.askChunkList(number, root: root).encoded, to: peer)
            } else if let index {
                fetches.update(root) { $0.pending.removeLast() }
                let purpose = ShardRequest.Purpose.chunk(root: root, index: index)
                let number = begin(purpose, at: peer, timeout: Limits.chunkTimeout, now)
                let message = ShardMessage.askChunk(number, root: root, index: index)
                mail.send(message.encoded, to: peer)
            }
        }
    }

    /// Whether there is room for one more request.
    private var mayAsk: Bool {
        let limit = isYielding ? Limits.yieldingRequestCount : Limits.shardRequestCount
        return requests.count < limit && budget.hasRoom(beside: requests.count + reads.count)
    }

    /// The nearest source that may be asked now and has not its full number of requests, so that
    /// many chunks come from several at once; who was silent comes behind all who were not. Nil
    /// where there is none, and then it is noted when to look again.
    private mutating func chooseSource(_ root: Digest, at now: Instant) -> NodeID? {
        guard let fetch = fetches[root] else { return nil }
        var (best, bestOrder, usableCount) = (NodeID?.none, (Int.max, Int.max), 0)
        for index in fetch.sources.keys.indices {
            let (id, source) = (fetch.sources.keys[index], fetch.sources.values[index])
            if let until = bans[id], until > now { continue }
            usableCount += 1
            guard source.restUntil <= now else {
                nextPumpAt = min(nextPumpAt, source.restUntil)
                continue
            }
            let order = (source.silenceCount, source.rank)
            guard loads[id] ?? 0 < Limits.requestsPerSource, order < bestOrder else { continue }
            (best, bestOrder) = (id, order)
        }
        if usableCount == 0 {
            waitOrFail(root, fetch, at: now)
        } else if fetch.lonelySince != nil {
            fetches.update(root) { $0.lonelySince = nil }
        }
        return best
    }

    /// Nobody can be asked: patience, because new sources may be announced.
    private mutating func waitOrFail(_ root: Digest, _ fetch: Fetch, at now: Instant) {
        let since = fetch.lonelySince ?? now
        fetches.update(root) { $0.lonelySince = since }
        let end = since + Limits.fetchPatience
        guard end <= now else {
            nextPumpAt = min(nextPumpAt, end)
            return
        }
        cancel(root: root)
        emit(.fetchFailed(root: root, .noSources))
    }

    private mutating func begin(
        _ purpose: ShardRequest.Purpose, at peer: NodeID, timeout: Interval, _ now: Instant
    ) -> UInt32 {
        let number = nextRequest
        nextRequest &+= 1
        requests[number] = ShardRequest(peer: peer, purpose: purpose, deadline: now + timeout)
        loads[peer] = (loads[peer] ?? 0) + 1
        return number
    }

    /// The request needs no answer any more.
    mutating func endRequest(_ number: UInt32) {
        guard let request = requests.remove(number) else { return }
        let load = (loads[request.peer] ?? 1) - 1
        loads[request.peer] = load > 0 ? load : nil
    }

    /// The request came to nothing: what it asked for is to be asked for again.
    mutating func abandon(_ number: UInt32, at now: Instant, into mail: inout Mail) {
        guard let request = requests[number] else { return }
        endRequest(number)
        switch request.purpose {
        case .list(let root): fetches.update(root) { $0.isListAsked = false }
        case .chunk(let root, let index): fetches.update(root) { $0.pending.append(index) }
        case .manifest(let number):
            searches.update(number) { $0.askedCount -= 1 }
            search(number, at: now, into: &mail)
        }
    }

    /// Asks the next peers for a manifest; ends the search where nobody is left.
    mutating func search(_ number: UInt64, at now: Instant, into mail: inout Mail) {
        while var search = searches[number], search.askedCount < 3, !search.peers.isEmpty {
            let peer = search.peers.removeFirst()
            let isBanned = bans[peer].map { $0 > now } ?? false
            search.askedCount += isBanned ? 0 : 1
            searches[number] = search
            if isBanned { continue }
            let purpose = ShardRequest.Purpose.manifest(search: number)
            let request = begin(purpose, at: peer, timeout: Limits.manifestTimeout, now)
            mail.send(ShardMessage.askManifest(request, search.query).encoded, to: peer)
        }
        if let search = searches[number], search.askedCount == 0 {
            searches.remove(number)
            emit(.manifestMissing(search.query))
        }
    }

    /// The source sent what its digest denies: it is not asked again for ten minutes.
    mutating func ban(_ peer: NodeID, at now: Instant, into mail: inout Mail) {
        counters.wrongAnswers += 1
        bans.removeAll { $1 <= now }
        if bans.count >= Limits.bannedSourceCount {
            let first = bans.keys.indices.min { bans.values[$0] < bans.values[$1] }
            if let first { bans.remove(bans.keys[first]) }
        }
        bans[peer] = now + Limits.sourceBan
        for number in requests.keys where requests[number]?.peer == peer {
            abandon(number, at: now, into: &mail)
        }
    }
}
