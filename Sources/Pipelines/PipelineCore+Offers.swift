internal import Identity
public import Primitives
internal import Wire

/// How this node becomes a stage of a chain.
extension PipelineCore {
    mutating func receiveOffer(
        _ reader: inout ByteReader, _ bytes: [UInt8], from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) throws(WireError) {
        let offer = try StageOffer(from: &reader)
        let entry = offer.entryRecord
        guard entry.id == peer else {
            counters.wrongSender += 1
            return
        }
        guard entry.isAuthentic(suite: keys.suite, puzzleBitCount: puzzleBitCount),
            offer.next.record?.isAuthentic(suite: keys.suite, puzzleBitCount: puzzleBitCount)
                ?? true,
            isSigned(bytes, by: entry.signingKey, suite: keys.suite)
        else {
            counters.unsigned += 1
            return
        }
        let digest = StageAnswer.digest(ofOffer: bytes)
        if let reason = refusalReason(for: offer) {
            answer(offer, digest: digest, refusal: reason, into: &mail)
            return
        }
        if stages.remove(offer.request) != nil { emit(.closeCache(offer.request)) }
        stages.requests[offer.request] = StageRequest(
            offer, digest: digest, deadline: now + Limits.stageIdleTimeout)
        var sent = SentRows(hop: offer.next)
        sent.beginNaming(
            RowNames(
                entry: entry.id, model: offer.model, layer: offer.layers.upper))
        stages.sent[offer.request] = sent
        if let next = offer.next.record { emit(.meet(next)) }
        emit(.openCache(offer))
    }

    private func refusalReason(for offer: StageOffer) -> RefusalReason? {
        guard acceptsStages else { return .leaving }
        let known = stages.requests[offer.request]
        // A node stands once in a chain; beside itself only where it is the entry as well.
        guard known.map({ $0.seat < offer.seat }) ?? true,
            offer.next.record?.id != keys.id,
            offer.previousSeat == 0 || offer.previous != keys.id
        else { return .badOffer }
        guard known != nil || stages.requests.count < Limits.stageRequestCount else {
            return .busy
        }
        let isHeld = holdings.contains {
            $0.model == offer.model && $0.layers.contains(offer.layers)
        }
        return isHeld ? nil : .layersNotHeld
    }

    private mutating func answer(
        _ offer: StageOffer, digest: Digest, refusal: RefusalReason?, keepsRows: Bool = false,
        into mail: inout Mail
    ) {
        if refusal == nil { counters.stagesOpened += 1 } else { counters.stagesRefused += 1 }
        let answer = StageAnswer(
            number: offer.request.number, seat: offer.seat, offerDigest: digest, refusal: refusal,
            keepsRows: keepsRows)
        mail.send(answer.encode(keys: keys), to: offer.request.entry)
    }

    /// The shell made room for the request's KV cache, or says why not.
    ///
    /// - Parameter keepsRows: whether it has kept what came of earlier rows of the entry.
    /// - Returns: whether the request is here still.
    @discardableResult
    public mutating func cacheOpened(
        _ id: RequestID, refusal: RefusalReason?, keepsRows: Bool = false, at now: Instant,
        into mail: inout Mail
    ) -> Bool {
        guard let request = stages.requests[id] else { return false }
        guard request.phase == .opening else { return true }
        if let refusal {
            _ = stages.remove(id)
            answer(request.offer, digest: request.offerDigest, refusal: refusal, into: &mail)
            return false
        }
        stages.requests.update(id) { $0.phase = .ready }
        answer(
            request.offer, digest: request.offerDigest, refusal: nil, keepsRows: keepsRows,
            into: &mail)
        runNext(of: id, into: &mail)
        return true
    }
}
