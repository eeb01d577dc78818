internal import Identity
internal import Primitives

/// Nodes that were silent when this node asked them, be it for a request of its own or because
/// somebody waits for their layers. It counts them as gone until it hears of them; others are told
/// nothing of it.
struct Doubts: Sendable {
    private struct Doubt: Sendable {
        /// Of its record: one that was started anew has a higher one.
        var sequence: UInt64
        var since: Instant
    }

    private var doubts = OrderedTable<NodeID, Doubt>()
    /// Nodes that were asked and did not answer yet.
    private var asked = OrderedTable<NodeID, (record: NodeRecord, at: Instant)>()
    /// A model whose layers somebody waits for, and when placement looks at it.
    private var due: (model: Digest, at: Instant)?
    private var restUntil = Instant.origin

    /// Whether nobody is doubted.
    var isEmpty: Bool { doubts.isEmpty }

    mutating func add(_ record: NodeRecord, at now: Instant) {
        doubts.removeAll { _, doubt in doubt.since + Limits.doubtTime <= now }
        guard doubts.count < Limits.doubtCount else { return }
        doubts[record.id] = Doubt(sequence: record.sequence, since: now)
    }

    /// - Parameters:
    ///   - heardAt: when the node is known to have lived, by whatever hearsay.
    ///   - time: how long a doubt counts.
    func contains(
        _ record: NodeRecord, heardAt: Instant?, for time: Interval, at now: Instant
    ) -> Bool {
        guard let doubt = doubts[record.id] else { return false }
        return doubt.sequence >= record.sequence && doubt.since >= heardAt ?? .origin
            && doubt.since + time > now
    }

    /// A node is asked whether it lives.
    mutating func ask(_ record: NodeRecord, at now: Instant) {
        asked.removeAll { _, question in question.at + Limits.doubtTime <= now }
        guard asked.count < Limits.doubtCount, !asked.contains(record.id) else { return }
        asked[record.id] = (record, now)
    }

    /// Who had time to answer and did not is doubted.
    mutating func doubtSilent(at now: Instant) {
        let silent = asked.values.filter { $0.at + Limits.spareAnswerTime <= now }
        for question in silent {
            asked[question.record.id] = nil
            add(question.record, at: now)
        }
    }

    /// It has spoken; true where it was doubted.
    mutating func clear(_ node: NodeID) -> Bool {
        asked[node] = nil
        return doubts.remove(node) != nil
    }

    // MARK: calls for layers

    /// Whether a call for layers is heeded now; the next one is not for a while.
    mutating func heed(_ model: Digest, at now: Instant) -> Bool {
        guard restUntil <= now, due == nil else { return false }
        restUntil = now + Limits.wantedLayersRest
        due = (model, now + Limits.doubtAnswerTime)
        return true
    }

    /// The model that placement is to look at now.
    mutating func takeDue(at now: Instant) -> Digest? {
        guard let due, due.at <= now else { return nil }
        self.due = nil
        return due.model
    }

    var nextDeadline: Instant { due?.at ?? .never }
}
