import MeshNode
import Primitives
import Runtime
import Wire

/// `bored health`: the mesh at a glance, through the eyes of one of its nodes.
enum HealthCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let directory = try? settings.dataDirectory()
        let contacts = try Visitor.contacts(settings, directory)
        let isSurvey = settings.flag("all")
        var loop = try Visitor.loop(
            settings, store: nil, contacts: contacts,
            neighbourhoodLimit: isSurvey ? Limits.surveyNodeCount : nil)
        let patience = try settings.seconds("wait")
        repeat {
            guard let report = try look(&loop, patience: patience, isSurvey: isSurvey) else {
                if loop.isSignalled { break }
                throw Visitor.nobodyAnswers(at: contacts, exitCode: 2)
            }
            if settings.wantsJSON {
                Console.line(report.json.text)
            } else {
                // Clears the screen and goes home, so that the table stands still.
                if settings.flag("watch") { Console.out("\u{1B}[2J\u{1B}[H") }
                Console.out(report.table)
            }
            guard settings.flag("watch") else {
                try loop.leave()
                return report.isComplete ? 0 : 1
            }
            try rest(&loop, .seconds(2))
        } while !loop.isSignalled
        try loop.leave()
        return 0
    }

    /// Asks the peers for what they know, then measures the way to each node; nil where nobody
    /// answered in time.
    ///
    /// - Parameter isSurvey: walks over the whole swarm instead of one neighbourhood.
    static func look(_ loop: inout NodeLoop, patience: Interval, isSurvey: Bool = false) throws
        -> HealthReport?
    {
        let deadline = SystemClock.now() + patience
        var hasAnswer = false
        ask(&loop)
        while !hasAnswer {
            guard SystemClock.now() < deadline, !loop.isSignalled else { return nil }
            for effect in try loop.turn(until: deadline) {
                if case .statesArrived = effect { hasAnswer = true }
            }
        }
        var survey = Survey()
        if isSurvey { try survey.run(&loop, until: SystemClock.now() + Limits.surveyTime) }
        let ids = loop.node.knownStates.map(\.state.id)
        for id in ids.prefix(Limits.healthReachCount) {
            loop.with { node, now, outbox in node.reach(id, at: now, into: &outbox) }
        }
        // Names of models and round trips come within a moment, or count as unknown.
        let end = SystemClock.now() + Limits.healthReachTime
        while SystemClock.now() < end, !loop.isSignalled {
            _ = try loop.turn(until: end)
            let isMeasured = ids.allSatisfy { loop.node.roundTrip(to: $0) != nil }
            let models = loop.node.knownStates.flatMap { $0.state.holdings.map(\.model) }
            if isMeasured, models.allSatisfy({ loop.node.manifest($0) != nil }) { break }
        }
        return HealthReport(loop.node, states: isSurvey ? survey.states.values : nil)
    }

    private static func ask(_ loop: inout NodeLoop) {
        let peers = loop.node.knownStates.map(\.state.id).filter { loop.node.hasPeer($0) }
        for peer in peers.prefix(Limits.stateAskCount) {
            loop.with { node, now, outbox in node.askStates(of: peer, at: now, into: &outbox) }
        }
    }

    private static func rest(_ loop: inout NodeLoop, _ time: Interval) throws {
        let end = SystemClock.now() + time
        while SystemClock.now() < end, !loop.isSignalled { _ = try loop.turn(until: end) }
    }
}
