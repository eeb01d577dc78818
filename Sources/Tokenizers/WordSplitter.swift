import Primitives

/// Cuts text into the words inside of which byte pairs are merged.
struct WordSplitter: Sendable {
    private let patterns: [Pattern]

    init(_ patterns: [String]) throws(TokenizerError) {
        var compiled: [Pattern] = []
        for pattern in patterns { compiled.append(try Pattern(pattern)) }
        self.patterns = compiled
    }

    /// Ranges that cover the text, in order. A match is a word, and so is what lies between two;
    /// each further pattern cuts every word on its own.
    func words(of text: [UInt8]) -> [Range<Int>] {
        var words = [0..<text.count]
        for pattern in patterns {
            var cut: [Range<Int>] = []
            cut.reserveCapacity(words.count)
            for word in words {
                var end = word.lowerBound
                // At a limit of the matcher the rest becomes one word.
                _ = pattern.forEachMatch(in: text, word) { match in
                    if end < match.lowerBound { cut.append(end..<match.lowerBound) }
                    cut.append(match)
                    end = match.upperBound
                }
                if end < word.upperBound { cut.append(end..<word.upperBound) }
            }
            words = cut
        }
        return words
    }
}

/// The patterns behind the names that GGUF files use (`tokenizer.ggml.pre`).
enum KnownPatterns {
    static let gpt2 =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    static let llama3 = modern(digits: #"\p{N}{1,3}"#)
    static let qwen2 = modern(digits: #"\p{N}"#)

    private static func modern(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// The patterns of a name, or nil where it is not known.
    static func named(_ name: String) -> [String]? {
        switch name {
        case "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling": [gpt2]
        case "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0",
            "lfm2":
            [llama3]
        case "qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez": [qwen2]
        case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b":
            [#"\p{N}"#, gpt2]
        case "falcon": [#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, #"[0-9][0-9][0-9]"#]
        case "default": [#"[\p{P}\$\+<=>\^~\|]+"#, gpt2, #"\p{N}+"#, #"[0-9][0-9][0-9]"#]
        default: nil
        }
    }

    static let names = [
        "gpt-2", "llama-bpe", "qwen2", "smollm", "starcoder", "refact", "command-r", "codeshell",
        "exaone", "falcon", "default",
    ]
}
