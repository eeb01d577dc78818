import MeshNode
import Primitives
import Runtime

/// Asks who is behind the names of a node's first contacts, again and again while the node is
/// alone: a service's other containers may start later than this one.
///
/// A name server that is away makes its askers wait for seconds. So it is asked by a thread of its
/// own: the loop goes on meanwhile.
struct ContactSearch: ~Copyable {
    private let names: [PeerName]
    private let answers = Mailbox<Answer>(capacity: 1)
    private var question: PlainThread?
    private var nextQuestion = SystemClock.now()
    private var wait = Interval.milliseconds(200)
    private var hasComplained = false

    private struct Answer: Sendable {
        var addresses: [PeerAddress] = []
        var error: ResolveError?
    }

    init(_ names: [PeerName]) { self.names = names }

    /// Asks where it is time to, lets the node meet who was found, and says when to look again.
    mutating func advance(_ loop: inout NodeLoop, _ log: NodeLog) throws -> Instant {
        if let answer = answers.next() { take(answer, &loop, log) }
        let now = SystemClock.now()
        if question == nil, nextQuestion <= now {
            if loop.node.peerCount > 0 { wait = Self.longestWait } else { try ask() }
            nextQuestion = now + wait
            wait = min(wait * 2, Self.longestWait)
        }
        return question == nil ? nextQuestion : now + Self.lookInterval
    }

    private static let longestWait = Interval.seconds(30)
    private static let lookInterval = Interval.milliseconds(50)

    private mutating func ask() throws {
        guard !names.isEmpty else { return }
        let (names, answers) = (names, answers)
        question = try PlainThread(name: "bored-names") {
            var answer = Answer()
            for name in names {
                do throws(ResolveError) {
                    answer.addresses += try name.addresses()
                } catch {
                    answer.error = error
                }
            }
            answers.post(answer)
        }
    }

    private mutating func take(_ answer: Answer, _ loop: inout NodeLoop, _ log: NodeLog) {
        question?.join()
        question = nil
        if let error = answer.error, !hasComplained {
            log.write("waiting", "for a peer: \(error)")
            hasComplained = true
        }
        loop.with { node, now, outbox in node.meet(answer.addresses, at: now, into: &outbox) }
    }
}
