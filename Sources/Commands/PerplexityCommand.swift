import Glibc
import Primitives
import Runtime
import Tokenizers
import Transformers

/// `bored model perplexity`: how surprised a model is by a text.
///
/// The exponential of the mean negative log-likelihood of every token but the first, each given all
/// tokens before it. The text is encoded with the model's begin token. One that is longer than a
/// window (the context, if no other length is wanted) is cut, and each window scored on its own.
enum PerplexityCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let offline = try OfflineModel(settings)
        let tokenizer = try offline.tokenizer()
        let ids = tokenizer.encode(try settings.text(), addSpecial: true, parseSpecial: true)
        guard ids.count > 1 else {
            throw CommandError("A perplexity needs a text of at least two tokens.")
        }
        for id in ids where id >= offline.model.shape.vocabularySize {
            throw CommandError("The tokenizer gives the id \(id), which the model does not have.")
        }
        let context = offline.model.shape.contextLength
        let length = try settings.integer("window", in: 2...max(2, context)) ?? context
        var (sum, count) = (0.0, 0)
        var progress = Progress(tokenCount: ids.count)
        for window in windows(of: ids, tokenizer, length) {
            offline.eachLogits(of: window, wants: { $0 < window.count - 1 }) { position, logits in
                sum += surprise(window[window.startIndex + position + 1], logits)
                count += 1
                guard !settings.wantsJSON else { return }
                progress.tell(count, perplexity: exp(sum / Double(count)))
            }
        }
        let perplexity = exp(sum / Double(count))
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("perplexity", raw: JSONText.number(perplexity))
            line.add("tokens", count)
            Console.line(line.text)
        } else {
            Console.line("perplexity \(decimal(perplexity, 4)) over \(count) tokens")
        }
        return 0
    }

    /// -ln of the softmax of `logits` at `id`, in Float64.
    private static func surprise(_ id: Int, _ logits: [Float]) -> Double {
        let highest = Double(logits.max() ?? 0)
        let sum = logits.reduce(0.0) { $0 + exp(Double($1) - highest) }
        return log(sum) + highest - Double(logits[id])
    }

    /// The text, or pieces of it that fill a window, each behind the begin token, if any.
    private static func windows(
        of ids: [Int], _ tokenizer: Tokenizer, _ length: Int
    ) -> [ArraySlice<Int>] {
        guard ids.count > length else { return [ids[...]] }
        let begin = tokenizer.model.addsBOS ? tokenizer.model.bosID : nil
        guard let begin, ids.first == begin else {
            return stride(from: 0, to: ids.count, by: length).map {
                ids.dropFirst($0).prefix(length)
            }.filter { $0.count > 1 }
        }
        return stride(from: 1, to: ids.count, by: length - 1).map {
            ([begin] + ids.dropFirst($0).prefix(length - 1))[...]
        }
    }

    /// Says every few seconds how far a long text has come.
    private struct Progress {
        let tokenCount: Int
        private let start = SystemClock.now()
        private var told = SystemClock.now()

        init(tokenCount: Int) { self.tokenCount = tokenCount }

        mutating func tell(_ count: Int, perplexity: Double) {
            let now = SystemClock.now()
            guard now.since(told) >= .seconds(5) else { return }
            told = now
            let left = Double(tokenCount - count) * now.since(start).seconds / Double(count)
            Console.note(
                "\(count) of \(tokenCount) tokens, perplexity \(decimal(perplexity, 4)) so far, "
                    + "\(decimal(left, 0)) s left")
        }
    }
}
