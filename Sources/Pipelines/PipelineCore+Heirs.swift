internal import Identity
public import Primitives
internal import Wire

/// The entry's side of a handoff: it names an heir, and puts it in place once it has the cache.
extension PipelineCore {
    mutating func receiveLeaving(_ word: StageLeaving, from peer: NodeID, at now: Instant) {
        let number = word.request.number
        guard word.request.entry == keys.id, let request = entries.requests[number],
            let place = request.index(ofSeat: word.seat), request.seats[place].node == peer
        else {
            counters.unknownRequests += 1
            return
        }
        guard request.seats[place].isServing else { return }
        entries.requests.update(number) {
            $0.leaving[word.seat] = now + .milliseconds(word.milliseconds)
        }
        emit(.leaving(request.id, peer, request.seats[place].link.layers))
    }

    /// Leaving stages of a request that nobody was appointed for.
    public func leavers(of id: RequestID, at now: Instant) -> [ChainPlace] {
        guard let request = entries.requests[id.number] else { return [] }
        return zip(request.leaving.keys, request.leaving.values).compactMap { old, until in
            guard until > now, !request.heirs.contains(old), let place = request.index(ofSeat: old),
                request.seats[place].isServing
            else { return nil }
            let seat = request.seats[place]
            return ChainPlace(node: seat.node, layers: seat.link.layers, isLost: false)
        }
    }

    /// Offers a leaving stage's part to another node, which gets its KV cache. `handedOver`
    /// follows, or, where that fails, `broken` as soon as the stage is gone.
    ///
    /// - Returns: false where no such stage leaves, or the node has a part in the chain already.
    @discardableResult
    public mutating func appoint(
        _ id: RequestID, heir link: ChainLink, of node: NodeID, at now: Instant,
        into mail: inout Mail
    ) -> Bool {
        guard var request = entries.requests[id.number], request.hasOpened,
            let place = request.seats.firstIndex(where: {
                $0.node == node && $0.link.layers == link.layers && $0.isServing
            }), let until = request.leaving[request.seats[place].number], until > now,
            !request.seats.contains(where: { $0.node == link.record.id }),
            !request.heirs.values.contains(where: { $0.node == link.record.id }),
            request.nextSeat < Limits.seatNumber
        else { return false }
        let old = request.seats[place]
        let previous = place > 0 ? request.seats[place - 1] : nil
        let resume = request.resumePoint
        var heir = Seat(
            number: request.nextSeat, link: link, offerDigest: Digest(.zero), offeredAt: now,
            resumeIndex: resume.index, resumePosition: resume.position, proofIndex: .max,
            isRebuilt: false, progressAt: now)
        request.nextSeat += 1
        let offer = StageOffer(
            request: id, entryRecord: record, model: request.model, layers: link.layers,
            seat: heir.number, hiddenSize: request.hiddenSize,
            positionLimit: request.positionLimit, resumeIndex: resume.index,
            resumePosition: resume.position, previous: previous?.node ?? keys.id,
            previousSeat: previous?.number ?? 0, next: request.hop(behind: place), giver: node,
            comesBack: comesBack)
        let bytes = offer.encode(keys: keys)
        heir.offerDigest = StageAnswer.digest(ofOffer: bytes)
        heir.toldPrevious = offer.previousSeat
        request.heirs[old.number] = heir
        entries.requests[id.number] = request
        mail.send(bytes, to: heir.node)
        return true
    }

    /// The answer of a node that is no seat of the chain yet; false where it is none of an heir.
    mutating func heirAnswered(
        _ answer: StageAnswer, _ bytes: [UInt8], from peer: NodeID, into mail: inout Mail
    ) -> Bool {
        guard var request = entries.requests[answer.number],
            let old = request.giver(ofHeir: answer.seat), var heir = request.heirs[old],
            heir.node == peer, answer.offerDigest == heir.offerDigest,
            isSigned(bytes, by: heir.link.record.signingKey, suite: keys.suite)
        else { return false }
        guard heir.standing == .offered, answer.refusal == nil,
            let place = request.index(ofSeat: old)
        else {
            if let reason = answer.refusal {
                loseHeir(of: old, .refused(reason), answer.number, into: &mail)
            }
            return true
        }
        heir.standing = .serving
        heir.confirmedPrevious = heir.toldPrevious
        request.heirs[old] = heir
        entries.requests[answer.number] = request
        let word = HandOver(
            request: request.id, seat: old, heir: heir.link.record, heirSeat: heir.number,
            resumeIndex: request.resumePoint.index)
        mail.send(word.encode(), to: request.seats[place].node)
        return true
    }

    /// An heir says that it has the cache: it takes its place in the chain. False where the seat is
    /// no heir's.
    mutating func heirReported(
        _ status: StageStatus, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) -> Bool {
        let number = status.request.number
        guard status.request.entry == keys.id, var request = entries.requests[number],
            let old = request.giver(ofHeir: status.seat), let heir = request.heirs[old],
            heir.node == peer
        else { return false }
        entries.requests.update(number) { $0.heirs.update(old) { $0.askedAt = nil } }
        guard heir.isServing, status.phase == .waiting || status.phase == .computing,
            let place = request.index(ofSeat: old)
        else { return true }
        let giver = request.seats[place]
        _ = request.heirs.remove(old)
        _ = request.leaving.remove(old)
        var seat = heir
        seat.resumeIndex = status.nextStepIndex
        seat.resumePosition = status.position
        seat.isRebuilt = true
        seat.isHeir = true
        seat.askedAt = nil
        // It is told where its results go, and sends again what its giver may have lost.
        seat.toldNext = nil
        seat.progress = StageProgress(
            nextStepIndex: status.nextStepIndex, position: status.position)
        seat.progressAt = now
        request.seats[place] = seat
        request.disturb()
        request.askAt = now + request.clock.stepTimeout
        entries.requests[number] = request
        counters.handoffs += 1
        end(giver, .closeStage, of: request.id, into: &mail)
        emit(.handedOver(request.id, from: giver.node, to: seat.node))
        advance(number, at: now, into: &mail)
        return true
    }

    /// Heirs whose session ended.
    mutating func heirsLost(_ peer: NodeID, into mail: inout Mail) {
        for number in entries.requests.keys {
            guard let request = entries.requests[number] else { continue }
            for (old, heir) in zip(request.heirs.keys, request.heirs.values)
            where heir.node == peer { loseHeir(of: old, .unreachable, number, into: &mail) }
        }
    }

    /// Heirs that did not answer when they were asked.
    mutating func heirsSilent(_ number: UInt64, at now: Instant, into mail: inout Mail) {
        guard let request = entries.requests[number] else { return }
        for (old, heir) in zip(request.heirs.keys, request.heirs.values) {
            guard let askedAt = heir.askedAt, askedAt + request.clock.answerTimeout <= now else {
                continue
            }
            loseHeir(of: old, .silent, number, into: &mail)
        }
    }

    /// Goes on without an heir: there may be time for another.
    private mutating func loseHeir(
        of old: Int, _ cause: LossCause, _ number: UInt64, into mail: inout Mail
    ) {
        var heir: Seat?
        entries.requests.update(number) { heir = $0.heirs.remove(old) }
        guard let heir, let request = entries.requests[number] else { return }
        end(heir, .cancel, of: request.id, into: &mail)
        emit(.heirLost(request.id, heir.node, cause))
        guard let place = request.index(ofSeat: old), request.seats[place].isServing else { return }
        let giver = request.seats[place]
        emit(.leaving(request.id, giver.node, giver.link.layers))
    }
}

extension EntryRequest {
    /// The seat whose cache an heir's seat gets.
    func giver(ofHeir number: Int) -> Int? {
        zip(heirs.keys, heirs.values).first { $0.1.number == number }?.0
    }

    /// A seat that others have taken has no heir. Returns the heirs that are to be told.
    mutating func disinherit() -> [Seat] {
        var gone: [Seat] = []
        for (old, heir) in zip(heirs.keys, heirs.values) {
            if index(ofSeat: old) != nil { continue }
            _ = heirs.remove(old)
            _ = leaving.remove(old)
            gone.append(heir)
        }
        for old in leaving.keys where index(ofSeat: old) == nil { _ = leaving.remove(old) }
        return gone
    }
}
