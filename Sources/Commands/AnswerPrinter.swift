import Glibc
import MeshNode
import Primitives
import Runtime
import Wire

/// An answer on its way to a person, or to a program that reads JSON lines.
final class AnswerPrinter {
    private let isJSON: Bool
    private let wantsStats: Bool
    private var lastText = ""

    init(_ settings: Settings) {
        isJSON = settings.wantsJSON
        wantsStats = settings.flag("stats")
    }

    /// The next words.
    func tell(_ text: String) {
        if isJSON {
            var line = JSONLine()
            line.add("delta", text)
            Console.line(line.text)
        } else {
            Console.out(text)
            lastText = text
        }
    }

    /// The chain, once it is open and each time that it was mended.
    func show(chain: [StageSeat]) {
        guard wantsStats else { return }
        guard isJSON else { return Console.note("(chain: \(text(of: chain)))") }
        var line = JSONLine()
        line.add("chain", objects(of: chain))
        Console.line(line.text)
    }

    private func objects(of chain: [StageSeat]) -> [JSONLine] {
        chain.map { seat in
            var object = JSONLine()
            object.add("node", seat.node.description)
            object.add("layers", [seat.layers.lower, seat.layers.upper])
            return object
        }
    }

    /// The text pauses: nobody holds what a lost stage ran.
    func wait(for missing: [LayerRange]) {
        let layers = missing.map(\.description).joined(separator: ", ")
        Console.note("(nobody holds layers \(layers) now: waiting until another node has them)")
    }

    private func text(of chain: [StageSeat]) -> String {
        chain.map { "\($0.node.short) layers \($0.layers)" }.joined(separator: ", ")
    }

    func finish(_ answer: Answer) {
        guard !isJSON else { return Console.line(object(answer).text) }
        if !lastText.hasSuffix("\n") { Console.out("\n") }
        guard wantsStats else { return }
        let stats = answer.stats
        var words = [
            "\(answer.ids.count) tokens", "\(decimal(stats.tokensPerSecond, 1)) tokens/s",
            "first after \(decimal(Double(stats.firstTokenMicroseconds) / 1_000, 1)) ms",
        ]
        if stats.draftedCount > 0 {
            words.append("\(stats.heldDraftCount) of \(stats.draftedCount) drafted held")
        }
        if !answer.chain.isEmpty {
            words.append("network \(decimal(100 * stats.networkShare, 0)) %")
            if stats.mendCount > 0 { words.append("chain mended \(stats.mendCount) times") }
            words.append("\(stats.accountCount) of \(answer.chain.count) accounts signed")
        }
        Console.note("(\(words.joined(separator: ", ")), seed \(answer.seed))")
    }

    /// The last line where there is no answer.
    func fail(_ sentence: String) {
        guard isJSON else { return }
        var line = JSONLine()
        line.add("finish", "error")
        line.add("error", sentence)
        Console.line(line.text)
    }

    private func object(_ answer: Answer) -> JSONLine {
        var line = JSONLine()
        line.add("text", answer.text)
        line.add("ids", answer.ids)
        if !answer.likelihoods.isEmpty {
            line.add("logprobs", answer.likelihoods.map(\.object))
        }
        line.add("promptIds", answer.promptIDs)
        line.add("finish", answer.finish.rawValue)
        line.add("seed", raw: String(answer.seed))
        line.add("model", answer.model.name)
        line.add("modelDigest", answer.model.digest.description)
        line.add("chain", objects(of: answer.chain))
        let stats = answer.stats
        var object = JSONLine()
        object.add("tokensPerSecond", stats.tokensPerSecond)
        object.add("firstTokenMilliseconds", Double(stats.firstTokenMicroseconds) / 1_000)
        object.add("networkShare", stats.networkShare)
        object.add("drafted", stats.draftedCount)
        object.add("draftsHeld", stats.heldDraftCount)
        object.add("accounts", stats.accountCount)
        object.add("mended", stats.mendCount)
        object.add("tokenMicroseconds", stats.tokenMicroseconds.map(Int.init))
        line.add("stats", object)
        return line
    }
}
