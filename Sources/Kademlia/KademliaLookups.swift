internal import Identity
internal import Primitives
internal import Wire

extension KademliaCore {
    mutating func startLookup(
        _ target: NodeID, _ purpose: LookupPurpose, urgent: Bool, at now: Instant,
        into mail: inout Mail
    ) -> LookupID {
        if lookups.count >= Limits.lookupCount { cutOldestLookup(at: now, into: &mail) }
        let id = LookupID(number: nextLookup)
        nextLookup += 1
        var lookup = Lookup(
            target: target, purpose: purpose, isUrgent: urgent,
            deadline: now + settings.lookupTimeout, regionRadius: regionRadius(for: purpose))
        let limit = settings.closestCount
        let recently = recentFailure(at: now)
        for entry in table.closest(to: target, count: limit)
        where !cache.hasFailed(entry.freshest, after: recently) {
            lookup.add(entry.freshest, hopCount: 1)
        }
        // Whom this node only heard of may lie nearer than anybody it met.
        for record in cache.closest(to: target, count: limit, unfailedSince: recently) {
            lookup.add(record, hopCount: 1)
        }
        if lookup.candidates.count < Limits.lookupSeedMinimum {
            // With so few to ask, whoever failed a moment ago is worth another try.
            let all = table.closest(to: target, count: limit).map(\.freshest)
            let cached = cache.closest(to: target, count: limit, unfailedSince: now)
            for record in all + cached { lookup.add(record, hopCount: 1) }
        }
        if case .ads = purpose { collectOwnAds(&lookup, at: now) }
        advance(id, lookup, at: now, into: &mail)
        return id
    }

    /// Where ads are kept and looked for: within a distance at which as many honest nodes are
    /// expected as keep an ad, so that ids placed beside a topic don't push them aside
    /// (SR-DHT-Store; decision 13).
    private func regionRadius(for purpose: LookupPurpose) -> UInt64? {
        switch purpose {
        case .nodes, .ownNeighbours, .refresh: return nil
        case .ads, .publish: break
        }
        guard settings.keepsRegions, let nodeCount = density.median else { return nil }
        let share = UInt64.max / UInt64(max(nodeCount, 1))
        let (radius, isWhole) = share.multipliedReportingOverflow(by: UInt64(settings.closestCount))
        return isWhole ? .max : radius
    }

    /// Failures after this moment keep a node out of lookups.
    func recentFailure(at now: Instant) -> Instant { earlier(settings.failureMemory, now) }

    func earlier(_ time: Interval, _ now: Instant) -> Instant {
        Instant(nanoseconds: now.since(.origin + time).nanoseconds)
    }

    /// Ads that we keep ourselves: nobody needs to be asked for them.
    private mutating func collectOwnAds(_ lookup: inout Lookup, at now: Instant) {
        let kept = store.ads(
            of: lookup.target, count: Limits.storedAdsPerTopic, at: now, random: &random)
        for aged in kept where aged.ad.record.id != own.id {
            lookup.ads[aged.ad.record.id] = aged.ad
        }
    }

    private mutating func cutOldestLookup(at now: Instant, into mail: inout Mail) {
        let index = lookups.values.firstIndex { !$0.isAwaited && !$0.isUrgent } ?? 0
        cut(lookups.keys[index], lookups.values[index], at: now, into: &mail)
    }

    /// Ends a lookup with what it has.
    mutating func cut(
        _ id: LookupID, _ lookup: Lookup, at now: Instant, into mail: inout Mail
    ) {
        lookups.remove(id)
        counters.lookupsCutShort += 1
        finish(id, lookup, isWhole: false, at: now, into: &mail)
    }

    /// Sends what a lookup may send now; ends it where nothing is left to learn. Callers take the
    /// lookup out of the table: two owners would have its candidates copied.
    mutating func advance(
        _ id: LookupID, _ lookup: consuming Lookup, at now: Instant, into mail: inout Mail
    ) {
        let concurrency = lookup.isUrgent ? settings.urgentConcurrency : settings.concurrency
        while !lookup.isSettled(closestCount: settings.closestCount),
            let record = lookup.nextToAsk(
                concurrency: concurrency, closestCount: settings.closestCount)
        {
            cache.insert(record)
            if lookup.asksForAds {
                let number = beginRequest(record.id, .lookupAds(id), at: now)
                mail.send(
                    FindAds(request: number, topic: lookup.target).encoded, to: record.id)
            } else {
                let distances = distancesToAsk(
                    record.id, for: lookup.target, nodeCount: nodeCountEstimate)
                let purpose = KademliaRequest.Purpose.lookup(id, distances: distances)
                let number = beginRequest(record.id, purpose, at: now)
                mail.send(
                    FindNodes(request: number, distances: distances).encoded, to: record.id)
            }
        }
        if lookup.isSettled(closestCount: settings.closestCount) {
            lookups.remove(id)
            finish(id, lookup, isWhole: true, at: now, into: &mail)
        } else {
            lookups[id] = lookup
        }
    }

    private mutating func finish(
        _ id: LookupID, _ lookup: Lookup, isWhole: Bool, at now: Instant, into mail: inout Mail
    ) {
        let answered = lookup.answered
        counters.lookupsFinished += 1
        let nearest = lookup.candidates.values.first { $0.progress == .answered }
        counters.hopCount += nearest?.hopCount ?? 0
        if isWhole, lookup.isThorough, !answered.isEmpty {
            var distances = answered.map { $0.id.distance(to: lookup.target) }
            if !own.isTransient { distances.append(own.id.distance(to: lookup.target)) }
            distances.sort()
            density.add(
                target: lookup.target, distances: distances, closestCount: settings.closestCount)
        }
        let closest = lookup.nearest(closestCount: settings.closestCount)
        switch lookup.purpose {
        case .nodes: emit(.foundNodes(id, closest))
        case .ads: emit(.foundAds(id, lookup.ads.values))
        case .publish(let ad):
            put(ad, topic: lookup.target, to: closest, publication: id, at: now, into: &mail)
        case .ownNeighbours: finishSelfLookup(at: now)
        case .refresh: break
        }
    }

    /// Brings an ad to the nodes that a lookup found, and remembers them.
    private mutating func put(
        _ ad: Ad, topic: NodeID, to nodes: [NodeRecord], publication: LookupID, at now: Instant,
        into mail: inout Mail
    ) {
        keepers.remember(nodes, of: topic, at: now)
        putAgain(ad, topic: topic, to: nodes, publication: publication, at: now, into: &mail)
    }

    private mutating func putAgain(
        _ ad: Ad, topic: NodeID, to nodes: [NodeRecord], publication: LookupID, at now: Instant,
        into mail: inout Mail
    ) {
        for node in nodes {
            let number = beginRequest(node.id, .put(publication), at: now)
            mail.send(PutAd(request: number, topic: topic, ad: ad).encoded, to: node.id)
        }
        publications.update(publication) { $0.awaitedCount = nodes.count }
        if nodes.isEmpty { settlePublication(publication, stored: false, at: now, into: &mail) }
    }

    /// Starts publications while fewer than the limit are under way.
    mutating func publishWaiting(at now: Instant, into mail: inout Mail) {
        while publications.count < Limits.publicationCount, let topic = waitingAds.keys.first,
            let ad = waitingAds.remove(topic)
        {
            // The lookup that `startLookup` makes next has this number; it may end at once.
            let publication = LookupID(number: nextLookup)
            publications[publication] = Publication(
                topic: topic, awaitedCount: 0, storedCount: 0)
            let recently = earlier(settings.keeperMemory, now)
            if let known = keepers.nodes(of: topic, foundAfter: recently) {
                nextLookup += 1
                putAgain(
                    ad, topic: topic, to: known, publication: publication, at: now, into: &mail)
            } else {
                _ = startLookup(topic, .publish(ad), urgent: false, at: now, into: &mail)
            }
        }
    }

    /// One of a publication's requests came to its end, or there was none to send.
    mutating func settlePublication(
        _ id: LookupID, stored: Bool, at now: Instant, into mail: inout Mail
    ) {
        guard var publication = publications[id] else { return }
        publication.awaitedCount -= 1
        publication.storedCount += stored ? 1 : 0
        publications[id] = publication
        guard publication.awaitedCount <= 0 else { return }
        publications.remove(id)
        emit(.published(topic: publication.topic, holderCount: publication.storedCount))
    }

    /// A request with its timeouts: soft `max(150 ms, srtt + 4 var)`, hard 2 s.
    mutating func beginRequest(
        _ peer: NodeID, _ purpose: KademliaRequest.Purpose, at now: Instant
    ) -> UInt32 {
        let number = nextRequest
        nextRequest &+= 1
        let known = peers[peer]
        if known == nil { counters.strangersAsked += 1 }
        var soft = settings.softTimeoutUnknown
        if let (smoothed, variation) = known?.roundTrip {
            soft = max(settings.softTimeoutMinimum, smoothed + variation * 4)
        }
        requests[number] = KademliaRequest(
            peer: peer, purpose: purpose, sentAt: now, hadSession: known != nil,
            softDeadline: now + min(soft, settings.hardTimeout),
            hardDeadline: now + settings.hardTimeout)
        counters.requestsSent += 1
        return number
    }

    private mutating func finishSelfLookup(at now: Instant) {
        isSelfLookupRunning = false
        nextSelfLookupAt = now + random.jittered(selfLookupGap)
        selfLookupGap = min(selfLookupGap * 4, settings.selfLookupInterval)
        if table.count == 0 {
            selfLookupGap = min(selfLookupGap, settings.emptyLookupInterval)
        } else if nextRefreshAt == .never, !own.isTransient {
            nextRefreshAt = now
        }
    }
}
