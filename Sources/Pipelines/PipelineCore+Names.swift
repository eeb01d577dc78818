internal import Identity
public import Primitives
internal import Wire

/// Steps whose rows are named first, and sent where the next seat has not kept what came of them.
extension PipelineCore {
    /// The shell has not kept what came of the rows that a step names: whoever named them is asked
    /// to send them.
    public mutating func rowsNotKnown(
        _ id: RequestID, step: Step, at now: Instant, into mail: inout Mail
    ) {
        guard let request = stages.requests[id], request.seat == step.seat, step.isNamed,
            request.phase == .computing(position: step.position)
        else { return }
        var isHere = false
        stages.requests.update(id) { request in
            isHere = request.forgetNames()
            // What the step was to overwrite is gone.
            request.position = min(request.position, step.position)
        }
        if !isHere {
            let message = SeatMessage(id, seat: request.previousSeat, number: step.index)
            mail.send(message.encode(.rowsWanted), to: request.previous)
        }
        runNext(of: id, into: &mail)
        handOn(id, into: &mail)
    }

    /// The next seat wants the rows of a step that it was told the names of, and of those behind.
    mutating func receiveRowsWanted(
        _ message: SeatMessage, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let id = message.request
        if message.seat == 0, id.entry == keys.id {
            return entryRowsWanted(message, from: peer, at: now, into: &mail)
        }
        guard stages.requests[id]?.seat == message.seat, stages.sent[id]?.hop.record?.id == peer
        else {
            counters.unknownRequests += 1
            return
        }
        var steps: [Step]?
        stages.sent.update(id) {
            steps = $0.wanted(from: message.number, of: id, seat: message.seat)
        }
        guard let steps else {
            counters.oldRows += 1
            return
        }
        guard steps.first?.index == message.number else {
            return reportRowsNotKept(id, seat: message.seat, into: &mail)
        }
        resend(steps, to: peer, into: &mail)
    }

    private mutating func entryRowsWanted(
        _ message: SeatMessage, from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let number = message.request.number
        guard let request = entries.requests[number], let first = request.seats.first,
            first.node == peer, request.toldFirst == first.number
        else {
            counters.unknownRequests += 1
            return
        }
        guard request.inFlight.contains(where: { $0.index == message.number }) else {
            counters.oldRows += 1
            return
        }
        var steps: [Step]?
        entries.sent.update(number) {
            steps = $0.wanted(from: message.number, of: message.request, seat: 0)
        }
        guard let steps else {
            counters.oldRows += 1
            return
        }
        guard steps.first?.index == message.number else { return rewind(number, at: now) }
        resend(steps, to: peer, into: &mail)
    }

    private mutating func resend(_ steps: [Step], to node: NodeID, into mail: inout Mail) {
        counters.namesUnknown += 1
        for step in steps { mail.send(step.encode(isDone: false), to: node, priority: .activation) }
    }
}
