/// The rules behind the names that GGUF files use (`tokenizer.ggml.pre`), as llama.cpp knows them.
struct KnownPatterns {
    var splittings: [Splitting]
    var ignoresMerges = false
    var addsBegin = false

    /// The rules of a name, or nil where it is not known.
    init?(named name: String) {
        guard let patterns = Self.patterns(of: name) else { return nil }
        splittings = patterns.map { .isolating($0) }
        ignoresMerges =
            Self.llama3Names.contains(name)
            || ["youtu", "tekken", "glm4", "glm5", "minicpm5", "granite-embed-multi-97m"]
                .contains(name)
        addsBegin = Self.llama3Names.contains(name) || ["tekken", "chameleon"].contains(name)
    }

    /// GPT-2's own expression (Radford et al. 2019, `encoder.py`).
    static let gpt2 =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    private static let contractions =
        "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
    private static let spaces = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    /// ASCII's punctuation and symbols, inside of a class.
    private static let signs = ##"!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~"##

    private static let llama3 = modern(digits: #"\p{N}{1,3}"#)
    static let qwen2 = modern(digits: #"\p{N}"#)

    private static func modern(digits: String) -> String {
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|"# + spaces
    }

    private static let deepSeek3 = [
        #"\p{N}{1,3}"#, "[一-龥぀-ゟ゠-ヿ]+",
        "[\(signs)][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
            + #"| ?[\p{P}\p{S}]+[\r\n]*|"# + spaces,
    ]

    private static let deepSeekLetters =
        #"\s?"# + "[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ"
        + "Ḁ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ"
        + "-ℝℤ\u{2126}ℨ\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-"
        + "𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+"

    /// Words that begin and end with any letters, upper case before lower. llama.cpp's reading:
    /// only ASCII's letters have a case.
    private static func cased(_ letters: String, end: String, digits: String) -> String {
        let upper = "(?:(?=[\(letters)])[^a-z])"
        let lower = "(?:(?=[\(letters)])[^A-Z])"
        return #"[^\r\n\p{L}\p{N}]?"# + "\(upper)*\(lower)+\(end)|"
            + #"[^\r\n\p{L}\p{N}]?"# + "\(upper)+\(lower)*\(end)|" + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + spaces
    }

    private static let llama3Names = [
        "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
        "jina-v5-nano",
    ]

    private static func patterns(of name: String) -> [String]? {
        if llama3Names.contains(name) { return [llama3] }
        return switch name {
        case "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "gigachat",
            "a.x-4.0", "mellum", "exaone4", "modern-bert", "jina-es", "jina-de", "jina-v2-es",
            "jina-v2-de", "jina-v1-en", "jina-v2-code", "roberta-bpe":
            [gpt2]
        case "dbrx", "smaug-bpe", "chatglm-bpe", "glm4", "glm5": [llama3]
        case "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "hunyuan", "megrez",
            "solar-open", "grok-2":
            [qwen2]
        case "qwen35":
            [
                contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"#
                    + #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"# + spaces
            ]
        case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
            "mellum2":
            [#"\p{N}"#, gpt2]
        case "falcon": [#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, "[0-9][0-9][0-9]"]
        case "default": [#"[\p{P}\$\+<=>\^~\|]+"#, gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]"]
        case "deepseek-llm":
            [
                #"[\r\n]"#, deepSeekLetters, #"\s?[!-/:-~！-／：-～‘-‟　-。]+"#, #"\s+$"#,
                #"[一-龥ࠀ-一가-\x{D7FF}]+"#, #"\p{N}+"#,
            ]
        case "deepseek-coder":
            [
                #"[\r\n]"#, #"\s?\p{L}+"#, #"\s?\p{P}+"#, #"[一-龥ࠀ-一가-\x{D7FF}]+"#, #"\p{N}"#,
            ]
        case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4": deepSeek3
        case "minicpm5": [#"\p{N}{1,3}"#, modern(digits: #"\p{N}+"#)]
        case "tekken": [cased(#"\p{L}"#, end: "", digits: #"\p{N}"#)]
        case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2":
            [cased(#"\p{L}"#, end: contractions + "?", digits: #"\p{N}{1,3}"#)]
        case "granite-embed-multi-97m":
            [cased(#"\p{L}\p{M}"#, end: contractions + "?", digits: #"\p{N}{1,3}"#)]
        case "poro-chat", "bloom", "gpt3-finnish": [blooms]
        case "viking": [blooms, #"\p{N}"#]
        case "seed-coder":
            [
                contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|"# + spaces
            ]
        case "bailingmoe", "bailingmoe2", "llada-moe":
            [
                #"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"#
                    + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
            ]
        case "exaone-moe":
            [
                contractions + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"#
                    + #"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"#
            ]
        case "laguna": [#"[^\n]+|[\n]+"#, qwen2]
        default: nil
        }
    }

    private static let blooms = #" ?[^(\s|.,!?…。，、।۔،)]+"#

    /// What to try, for messages.
    static let names = [
        "default", "gpt-2", "llama-bpe", "qwen2", "qwen35", "smollm", "starcoder", "refact",
        "command-r", "falcon", "deepseek-llm", "deepseek-coder", "deepseek-v3", "tekken", "gpt-4o",
        "stablelm2", "olmo", "dbrx", "chatglm-bpe", "glm4", "bloom", "exaone", "hunyuan",
    ]
}
