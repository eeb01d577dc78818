import Identity
import Primitives
import Wire

/// Requests of others.
extension KademliaCore {
    private mutating func isAllowed(_ id: NodeID, at now: Instant) -> Bool {
        var isAllowed = false
        peers.update(id) { isAllowed = $0.allow(at: now) }
        if isAllowed { counters.requestsServed += 1 } else { counters.requestsRefused += 1 }
        return isAllowed
    }

    mutating func serve(
        _ message: FindNodes, to id: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard isAllowed(id, at: now) else { return }
        let records = table.records(
            at: message.distances, except: id, count: Limits.findRecordCount, random: &random)
        mail.send(Nodes(request: message.request, records: records).encoded, to: id)
    }

    mutating func serve(
        _ message: FindAds, to id: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard isAllowed(id, at: now) else { return }
        let ads = store.ads(
            of: message.topic, count: Limits.findAdCount, at: now, random: &random)
        let records = table.closest(to: message.topic, count: Limits.findRecordCount + 1)
            .map(\.record).filter { $0.id != id }.prefix(Limits.findRecordCount)
        let reply = Ads(request: message.request, ads: ads, records: Array(records))
        mail.send(reply.encoded, to: id)
    }

    mutating func serve(
        _ message: PutAd, to id: NodeID, at now: Instant, into mail: inout Mail
    ) {
        guard isAllowed(id, at: now) else { return }
        var verdict = AdVerdict.refused
        // Only the holder itself brings its ads: the session has proven who that is.
        let ad = message.ad
        if ad.record.id == id, isAuthentic(ad) {
            verdict = store.put(
                ad, topic: message.topic, expiry: expiry(of: ad, at: now), isOwn: false, at: now)
        } else {
            counters.adsForged += 1
        }
        if verdict == .stored { counters.adsStored += 1 } else { counters.adsRefused += 1 }
        mail.send(AdStored(request: message.request, verdict: verdict).encoded, to: id)
    }

    func isAuthentic(_ ad: Ad) -> Bool {
        ad.isAuthentic(suite: suite, puzzleBitCount: puzzleBitCount)
    }
}
