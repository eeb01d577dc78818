import Primitives
import Runtime
import Transformers

/// The options that say how tokens are chosen, the same for every command that generates.
enum SamplingOptions {
    /// With what holds where nobody says anything.
    static func all(temperature: String, topP: String) -> [OptionSpecification] {
        [
            .init(
                "temperature", .value("T"), "0 takes the best token always", standard: temperature),
            .init("top-p", .value("P"), "the most likely tokens of this share", standard: topP),
            .init("top-k", .value("K"), "the most likely K tokens; 0 for all", standard: "0"),
            .init(
                "min-p", .value("P"), "tokens at least P times as likely as the best",
                standard: "0"),
            .init(
                "repetition-penalty", .value("R"),
                "makes tokens that came less likely, above 1; the prompt counts too", standard: "1"
            ),
            .init(
                "frequency-penalty", .value("F"), "taken from a logit each time it was chosen",
                standard: "0"),
            .init(
                "presence-penalty", .value("F"), "taken from a logit once it was chosen",
                standard: "0"),
            .init(
                "logit-bias", .list("ID=B"), "added to the logit of a token",
                plural: "logit-biases"),
        ]
    }
}

extension SamplingOptions {
    static let likelihood = OptionSpecification(
        "logprobs", .value("K"), "tell how likely each token was, and the K likeliest (--json)")
}

extension Settings {
    /// How many likely tokens are told beside each one; nil where none are asked for.
    func likelihoodCount() throws -> Int? {
        try integer("logprobs", in: 0...Limits.likelihoodCount)
    }

    /// The settings behind those options.
    func sampling(seed: UInt64) throws -> SamplingSettings {
        func number(_ name: String, _ range: ClosedRange<Double>, _ standard: Float) throws -> Float
        {
            Float(try self.number(name, in: range) ?? Double(standard))
        }
        do {
            return try SamplingSettings(
                temperature: try number("temperature", 0...100, 0),
                topK: try integer("top-k", in: 0...1_000_000) ?? 0,
                topP: Float(try self.number("top-p", above: 0, upTo: 1) ?? 1),
                minP: try number("min-p", 0...1, 0),
                repetitionPenalty: Float(
                    try self.number("repetition-penalty", above: 0, upTo: 100) ?? 1),
                frequencyPenalty: try number("frequency-penalty", -100...100, 0),
                presencePenalty: try number("presence-penalty", -100...100, 0),
                biases: try list("logit-bias").map(bias), seed: seed)
        } catch let error as GenerationError {
            if case .invalidSetting(let name) = error {
                throw UsageError("The \(name) is outside of its range: see --help.")
            }
            throw UsageError("\(error)")
        }
    }

    /// `42=-1.5`.
    private func bias(_ text: String) throws -> SamplingSettings.Bias {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let id = Int(parts[0]), id >= 0,
            let value = Float(String(parts[1])), value.magnitude <= 1_000
        else {
            throw UsageError(
                "--logit-bias takes an id and a number from -1000 to 1000, such as 42=-1.5, not "
                    + "'\(text)'.")
        }
        return SamplingSettings.Bias(id: id, value: value)
    }
}

extension LogProbabilities {
    /// `{"id":1,"logprob":-0.5,"top":[...]}`
    var object: JSONLine {
        func entry(_ entry: Entry) -> JSONLine {
            var line = JSONLine()
            line.add("id", entry.id)
            line.add("logprob", raw: JSONText.number(entry.value))
            return line
        }
        var line = entry(chosen)
        line.add("top", best.map(entry))
        return line
    }
}
