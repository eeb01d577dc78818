import Runtime
import Tokenizers
import Transformers

/// `bored model logits`: what the model thinks may come next, as numbers.
enum LogitsCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let offline = try OfflineModel(settings)
        let shape = offline.model.shape
        let ids = try settings.tokens(for: shape)
        let top = try settings.integer("top", in: 1...shape.vocabularySize)
        let wantsAll = settings.flag("all")
        let tokenizer = settings.wantsJSON ? nil : try? offline.tokenizer()
        var positions: [JSONLine] = []
        offline.eachLogits(of: ids[...], wants: { wantsAll || $0 == ids.count - 1 }) {
            position, logits in
            let ranked = top.map { best(logits, $0) }
            guard settings.wantsJSON else {
                for id in ranked ?? Array(logits.indices) {
                    let piece = tokenizer.map {
                        "  " + JSONText.quoted($0.decode([id], skipSpecial: false))
                    }
                    Console.line("\(position)  \(id)  \(logits[id])" + (piece ?? ""))
                }
                return
            }
            var line = JSONLine()
            line.add("position", position)
            if let ranked {
                line.add(
                    "top",
                    ranked.map { id in
                        var entry = JSONLine()
                        entry.add("id", id)
                        entry.add("logit", raw: JSONText.number(logits[id]))
                        return entry
                    })
            } else {
                line.add("logits", logits)
            }
            positions.append(line)
        }
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("positions", positions)
            Console.line(line.text)
        }
        return 0
    }

    /// The ids of the `count` highest logits, the highest first, of equal ones the lower id.
    private static func best(_ logits: [Float], _ count: Int) -> [Int] {
        let order = logits.indices.sorted {
            logits[$0] > logits[$1] || (logits[$0] == logits[$1] && $0 < $1)
        }
        return Array(order.prefix(count))
    }
}
