import Identity
import Primitives

/// Filling the seats of a chain.
extension PipelineCore {
    /// Puts new seats in place of old ones and offers them.
    mutating func fill(
        _ range: Range<Int>, of request: inout EntryRequest, with links: [ChainLink],
        at now: Instant, into mail: inout Mail
    ) {
        let resume = request.resumePoint(before: range.upperBound)
        let fresh = links.enumerated().map { offset, link in
            Seat(
                number: request.nextSeat + offset, link: link, offerDigest: Digest(.zero),
                offeredAt: now, resumeIndex: resume.index, resumePosition: resume.position,
                proofIndex: .max, isRebuilt: false,
                progressAt: now)
        }
        request.nextSeat += links.count
        request.seats.replaceSubrange(range, with: fresh)
        for place in range.lowerBound..<range.lowerBound + links.count {
            offer(place, of: &request, into: &mail)
        }
        request.askAt = now + request.clock.stepTimeout
    }

    private func offer(_ place: Int, of request: inout EntryRequest, into mail: inout Mail) {
        let seat = request.seats[place]
        let previous = place > 0 ? request.seats[place - 1] : nil
        let next = request.hop(behind: place)
        let offer = StageOffer(
            request: request.id, entryRecord: record, model: request.model,
            layers: seat.link.layers, seat: seat.number, hiddenSize: request.hiddenSize,
            positionLimit: request.positionLimit, resumeIndex: seat.resumeIndex,
            resumePosition: seat.resumePosition, previous: previous?.node ?? keys.id,
            previousSeat: previous?.number ?? 0, next: next, comesBack: comesBack)
        let bytes = offer.encode(keys: keys)
        request.seats[place].offerDigest = StageAnswer.digest(ofOffer: bytes)
        request.seats[place].toldPrevious = offer.previousSeat
        request.seats[place].toldNext = next.seat
        mail.send(bytes, to: seat.node)
    }

    mutating func receiveAnswer(
        _ answer: StageAnswer, _ bytes: [UInt8], from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        if heirAnswered(answer, bytes, from: peer, into: &mail) { return }
        guard var request = entries.requests[answer.number],
            let place = request.index(ofSeat: answer.seat)
        else {
            counters.unknownRequests += 1
            return
        }
        let seat = request.seats[place]
        guard seat.node == peer, answer.offerDigest == seat.offerDigest else {
            counters.wrongSender += 1
            return
        }
        guard isSigned(bytes, by: seat.link.record.signingKey, suite: keys.suite) else {
            counters.unsigned += 1
            return
        }
        guard seat.standing == .offered || seat.standing == .lost(.silent) else { return }
        if let reason = answer.refusal {
            guard !seat.isLost else { return }
            lose([place], .refused(reason), of: &request, at: now)
        } else {
            request.seats[place].standing = .serving
            request.seats[place].keepsRows = answer.keepsRows
            request.seats[place].askedAt = nil
            request.seats[place].confirmedPrevious = seat.toldPrevious
        }
        entries.requests[answer.number] = request
        advance(answer.number, at: now, into: &mail)
    }

    mutating func receiveRelinked(
        _ message: SeatMessage, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let number = message.request.number
        guard message.request.entry == keys.id, var request = entries.requests[number],
            let place = request.index(ofSeat: message.seat), request.seats[place].node == peer
        else {
            counters.unknownRequests += 1
            return
        }
        request.seats[place].askedAt = nil
        if request.seats[place].toldPrevious == message.number {
            request.seats[place].confirmedPrevious = message.number
        }
        entries.requests[number] = request
        advance(number, at: now, into: &mail)
    }
}
