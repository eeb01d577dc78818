import Glibc
import MeshNode
import Pipelines
import Primitives
import Runtime
import Wire

/// The log of a node: one line for each thing that matters to its owner.
struct NodeLog {
    let isJSON: Bool

    /// `12:34:56 word  text`, or one JSON object, on the standard error.
    func write(_ event: String, _ text: String) {
        let time = clockText()
        if isJSON {
            var line = JSONLine()
            line.add("time", time)
            line.add("event", event)
            line.add("text", text)
            Console.note(line.text)
        } else {
            let padding = String(repeating: " ", count: max(1, 10 - event.count))
            Console.note("\(time) \(event)\(padding)\(text)")
        }
    }

    func write(_ note: NodeNote) {
        switch note {
        case .met(let id, let address): write("met", "\(id.short) at \(address)")
        case .lost(let id): write("lost", id.short)
        case .bootstrapSilent(let address): write("silent", "nobody answers at \(address)")
        case .chosen(let model, let layers): write("chosen", "\(model) layers \(layers)")
        case .fetching(let model, let count):
            write("fetching", "\(count) pieces of \(model) from peers")
        case .ready(let model, let layers): write("ready", "\(model) layers \(layers)")
        case .loadFailed(let model, let layers):
            write("failed", "\(model) layers \(layers) can't be loaded: remove and import it again")
        case .released(let model): write("released", model)
        case .stageOpened(let id, let layers): write("stage", "\(id) layers \(layers)")
        case .stageClosed(let id): write("closed", "\(id)")
        case .addressLearned(let address): write("address", "peers see this node at \(address)")
        case .evicted(let model, let count):
            write("evicted", "\(count) pieces of \(model): others hold them, and room was needed")
        case .diskFull(let model):
            write("disk", "no room for more of \(model): lend more by --disk, or remove models")
        case .chunkRefused(let root): write("fetch", "piece \(root.short) can't be had just now")
        case .handedOver(let id, let giver, let heir):
            write("handoff", "\(id) from \(giver.short) to \(heir.short)")
        case .presence(let presence): write("presence", presence.word)
        }
    }

    /// Local time of day.
    private func clockText() -> String {
        var seconds = time(nil)
        var parts = unsafe tm()
        // Both structures are this function's own.
        unsafe localtime_r(&seconds, &parts)
        return unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { part in
            part < 10 ? "0\(part)" : "\(part)"
        }.joined(separator: ":")
    }
}
