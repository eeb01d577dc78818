internal import Identity
public import Primitives
internal import Wire

extension KademliaCore {
    public mutating func receive(
        _ bytes: [UInt8], from id: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard let peer = peers[id] else {
            counters.messagesOfStrangers += 1
            return
        }
        var reader = ByteReader(bytes)
        do throws(WireError) {
            guard let kind = MessageKind(rawValue: try reader.readUInt8()) else { throw .invalid }
            table.update(id) { $0.lastHeard = now }
            // Whoever speaks is there, even where an answer of it was lost.
            cache.succeed(id)
            switch kind {
            case .findNodes:
                let message = try finished(FindNodes(from: &reader), reader)
                serve(message, to: id, at: now, into: &mail)
            case .findAds:
                let message = try finished(FindAds(from: &reader), reader)
                serve(message, to: id, at: now, into: &mail)
            case .putAd:
                let message = try finished(PutAd(from: &reader), reader)
                serve(message, to: id, at: now, into: &mail)
            case .nodes:
                let message = try finished(Nodes(from: &reader), reader)
                handle(message, from: peer, at: now, into: &mail)
            case .ads:
                let message = try finished(Ads(from: &reader), reader)
                handle(message, from: peer, at: now, into: &mail)
            case .adStored:
                let message = try finished(AdStored(from: &reader), reader)
                handle(message, from: id, at: now, into: &mail)
            default: throw .invalid
            }
        } catch {
            counters.messagesMalformed += 1
        }
        publishWaiting(at: now, into: &mail)
    }

    private func finished<Message>(
        _ message: Message, _ reader: borrowing ByteReader
    ) throws(WireError) -> Message {
        try reader.finish()
        return message
    }

    // MARK: replies

    /// The request that a reply belongs to; nil where the peer was not asked that.
    private mutating func settle(
        _ number: UInt32, from id: NodeID, at now: Instant,
        where fits: (KademliaRequest.Purpose) -> Bool
    ) -> KademliaRequest? {
        guard let request = requests[number], request.peer == id, fits(request.purpose) else {
            counters.repliesUnexpected += 1
            return nil
        }
        requests.remove(number)
        counters.requestsAnswered += 1
        if request.hadSession {
            peers.update(id) { $0.measured(now.since(request.sentAt)) }
        }
        let roundTrip = peers[id]?.roundTrip?.smoothed
        table.update(id) { entry in
            entry.score = min(entry.score + 1, TableEntry.scoreMaximum)
            entry.roundTrip = roundTrip
        }
        if let peer = peers[id], !peer.record.isTransient, table.entry(of: id) == nil {
            admit(peer, at: now)
        }
        return request
    }

    private mutating func handle(
        _ message: Nodes, from peer: KademliaPeer, at now: Instant, into mail: inout Mail
    ) {
        let id = peer.record.id
        let request = settle(message.request, from: id, at: now) { purpose in
            switch purpose {
            case .lookup, .check: true
            case .lookupAds, .put: false
            }
        }
        guard let request else { return }
        if case .check = request.purpose {
            checkGap = min(checkGap + settings.livenessInterval, settings.livenessIntervalMaximum)
        }
        var asked: [Int] = []
        switch request.purpose {
        case .lookup(_, let distances), .check(let distances): asked = distances
        case .lookupAds, .put: break
        }
        let fitting = message.records.filter { asked.contains(id.logDistance(to: $0.id)) }
        counters.recordsMisplaced += message.records.count - fitting.count
        let records = verified(fitting, toldBy: peer)
        proceed(request, with: records, at: now, into: &mail)
    }

    private mutating func handle(
        _ message: Ads, from peer: KademliaPeer, at now: Instant, into mail: inout Mail
    ) {
        let request = settle(message.request, from: peer.record.id, at: now) { purpose in
            if case .lookupAds = purpose { true } else { false }
        }
        guard let request else { return }
        if let id = request.lookup, var lookup = lookups[id] {
            for aged in message.ads where aged.ad.record.id != own.id {
                collect(aged, into: &lookup)
            }
            lookups[id] = lookup
        }
        let records = verified(message.records, toldBy: peer)
        proceed(request, with: records, at: now, into: &mail)
    }

    private mutating func collect(_ aged: AgedAd, into lookup: inout Lookup) {
        let (ad, holder) = (aged.ad, aged.ad.record.id)
        guard aged.remainingSeconds > 0 else { return }
        if let known = lookup.ads[holder], known.sequence >= ad.sequence { return }
        guard isAuthentic(ad) else {
            counters.adsForged += 1
            return
        }
        lookup.ads[holder] = ad
        adopt(ad.record)
    }

    private mutating func handle(
        _ message: AdStored, from id: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let request = settle(message.request, from: id, at: now) { purpose in
            if case .put = purpose { true } else { false }
        }
        guard let request, case .put(let publication) = request.purpose else { return }
        settlePublication(
            publication, stored: message.verdict == .stored, at: now, into: &mail)
    }

    /// Gives a reply's records to the lookup that asked.
    private mutating func proceed(
        _ request: KademliaRequest, with records: [NodeRecord], at now: Instant,
        into mail: inout Mail
    ) {
        guard let id = request.lookup, var lookup = lookups.remove(id) else { return }
        let hopCount = (lookup.candidate(request.peer)?.hopCount ?? 0) + 1
        lookup.mark(request.peer, .answered)
        let recently = recentFailure(at: now)
        for record in records where !cache.hasFailed(record, after: recently) {
            lookup.add(record, hopCount: hopCount)
        }
        advance(id, lookup, at: now, into: &mail)
    }

    // MARK: records of others

    /// The records of a reply that may be used, each the freshest known of its node.
    private mutating func verified(
        _ records: [NodeRecord], toldBy peer: KademliaPeer
    ) -> [NodeRecord] {
        var usable: [NodeRecord] = []
        for record in records where !usable.contains(where: { $0.id == record.id }) {
            if record.id == own.id {
                counters.recordsOfOurselves += 1
            } else if record.isTransient {
                counters.recordsTransient += 1
            } else if !record.isReachable(toldFrom: peer.address) {
                counters.recordsUnreachable += 1
            } else if let known = self.record(of: record.id), known.sequence >= record.sequence {
                if known.sequence == record.sequence, known.encoded != record.encoded {
                    counters.recordsConflicting += 1
                }
                if known.isTransient {
                    counters.recordsTransient += 1
                } else {
                    usable.append(known)
                }
            } else if record.isAuthentic(suite: suite, puzzleBitCount: puzzleBitCount) {
                adopt(record)
                usable.append(record)
            } else {
                counters.recordsForged += 1
            }
        }
        return usable
    }

    /// Keeps an authentic record that somebody else told us: it can only raise a sequence.
    mutating func adopt(_ record: NodeRecord) {
        guard record.id != own.id, !record.isTransient else { return }
        cache.insert(record)
        let session = peers[record.id]?.address
        table.update(record.id) { entry in
            guard record.sequence > entry.freshest.sequence else { return }
            // Proven at once where the open session is at one of the new record's addresses.
            if let session, record.addresses.contains(session) {
                entry.record = record
                entry.newerRecord = nil
            } else {
                entry.newerRecord = record
            }
        }
    }
}

extension NodeRecord {
    /// Whether one of the addresses can mean anything here: private ones only where the teller is
    /// in private space too, loopback only where it is on this machine (discv5's rationale).
    fileprivate func isReachable(toldFrom teller: PeerAddress) -> Bool {
        addresses.contains { address in
            if address.isUnspecified { return false }
            if address.isLoopback { return teller.isLoopback }
            return !address.isPrivate || teller.isPrivate
        }
    }
}
