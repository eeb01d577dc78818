import Presence
import Primitives
import Runtime
import Wire

/// `bored presence`: whether this computer is idle, signal by signal.
enum PresenceCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let directory = try settings.dataDirectory()
        let policy = try settings.presence()
        let running = directory.askPresence()
        let report = running ?? PresenceReport.look(policy, directory)
        if settings.wantsJSON {
            Console.line(report.json)
        } else {
            let who = running == nil ? "no node runs here; it would be" : "the node is"
            Console.out(
                text(report, who: who, explains: settings.flag("explain")))
        }
        return report.presence == Presence.idle.word ? 0 : 1
    }

    static func text(_ report: PresenceReport, who: String, explains: Bool) -> String {
        var lines = ["\(who) \(report.presence), for \(report.seconds) s now", ""]
        lines += columns(
            [["signal", "value", "source"]]
                + report.signals.map { [$0.name, $0.value, $0.source] })
        guard explains else {
            let held = report.reasons.filter { !$0.remedy.isEmpty }
            if !held.isEmpty { lines.append("") }
            lines += held.map { "\($0.name): \($0.remedy)" }
            return lines.joined(separator: "\n") + "\n"
        }
        lines.append("")
        lines += columns(
            [["reason", "stands", "it is asked that"]]
                + report.reasons.map { [$0.name, $0.outcome, $0.demand] })
        let remedies = report.reasons.filter { !$0.remedy.isEmpty }
        lines += ["", "what would have to change:"]
        lines += remedies.isEmpty ? ["  nothing"] : remedies.map { "  \($0.name): \($0.remedy)" }
        return lines.joined(separator: "\n") + "\n"
    }
}
