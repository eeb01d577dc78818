import MeshNode
import Primitives
import Runtime
import Wire

/// A walk over a whole swarm: every node that is found is asked for whom it knows, until nobody
/// names anybody new. One neighbourhood knows `GossipSettings.neighbourhoodLimit` nodes at most.
struct Survey {
    private enum Standing {
        /// Named by somebody; no session yet.
        case meeting(until: Instant)
        case asked(until: Instant)
        case done
    }

    /// The newest state seen of each node.
    private(set) var states = OrderedTable<NodeID, SignedState>()
    private var standings = OrderedTable<NodeID, Standing>()

    /// Walks until everybody was asked, or until `deadline`.
    mutating func run(_ loop: inout NodeLoop, until deadline: Instant) throws {
        take(loop.node.knownStates)
        while advance(&loop), SystemClock.now() < deadline, !loop.isSignalled {
            let pause = min(deadline, SystemClock.now() + .milliseconds(20))
            for effect in try loop.turn(until: pause) {
                guard case .statesArrived(let peer, _) = effect else { continue }
                standings[peer] = .done
            }
            take(loop.node.knownStates)
        }
    }

    private mutating func take(_ found: [SignedState]) {
        for signed in found where states.count < Limits.surveyNodeCount {
            let known = states[signed.state.id]
            if known.map({ $0.state.sequence < signed.state.sequence }) ?? true {
                states[signed.state.id] = signed
            }
        }
    }

    /// Meets and asks as many as may be asked at once; false when nobody is left.
    private mutating func advance(_ loop: inout NodeLoop) -> Bool {
        let now = SystemClock.now()
        var openCount = 0
        for id in standings.keys {
            guard let standing = standings[id] else { continue }
            switch standing {
            case .done: continue
            case .meeting(let end) where loop.node.hasPeer(id):
                loop.with { node, now, outbox in node.askStates(of: id, at: now, into: &outbox) }
                standings[id] = .asked(until: end)
                openCount += 1
            case .meeting(let end), .asked(let end):
                // Whoever does not answer in time is shown as others know it.
                if end <= now { standings[id] = .done } else { openCount += 1 }
            }
        }
        for signed in states.values where openCount < Limits.surveyAskCount {
            guard standings[signed.state.id] == nil else { continue }
            standings[signed.state.id] = .meeting(until: now + Limits.surveyAnswerTime)
            let record = signed.record
            loop.with { node, now, outbox in node.meet([record], at: now, into: &outbox) }
            openCount += 1
        }
        return openCount > 0
    }
}
