/// One message of a chat.
public struct ChatMessage: Hashable, Sendable {
    /// `system`, `user` or `assistant`.
    public var role: String
    public var content: String

    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

/// How a model wants a chat written, by family: the families' own renderings stand here in place
/// of an interpreter for the Jinja templates that name them.
public struct ChatTemplate: Hashable, Sendable {
    public enum Family: String, Hashable, Sendable, CaseIterable {
        /// `<|im_start|>role` ... `<|im_end|>`.
        case chatML
        /// `<|start_header_id|>role<|end_header_id|>` ... `<|eot_id|>`.
        case llama3
        /// `[INST]` ... `[/INST]`.
        case llama2
        /// `<|role|>` ... an end piece: Zephyr, TinyLlama, Phi-3.
        case roleTags
        /// `<start_of_turn>role` ... `<end_of_turn>`.
        case gemma
    }

    public let family: Family
    private let source: String
    private let bos: String
    private let eos: String

    /// The template of a tokenizer's model, or nil where it has none or one of no known family.
    public init?(_ model: TokenizerModel) {
        guard let source = model.chatTemplate else { return nil }
        func text(_ id: Int?) -> String {
            id.map { String(decoding: model.pieces[$0], as: UTF8.self) } ?? ""
        }
        self.init(source, bos: text(model.bosID), eos: text(model.eosIDs.first))
    }

    /// Recognises the template `source` by the markers in it. `bos` and `eos` are the texts of the
    /// pieces that begin and end a text.
    public init?(_ source: String, bos: String, eos: String) {
        let markers: [(String, Family)] = [
            ("<|im_start|>", .chatML), ("<|start_header_id|>", .llama3),
            ("<start_of_turn>", .gemma),
            ("[INST]", .llama2), ("<|user|>", .roleTags), ("'<|' + message['role']", .roleTags),
        ]
        guard let found = markers.first(where: { source.contains($0.0) }) else { return nil }
        family = found.1
        self.source = source
        self.bos = bos
        self.eos = eos
    }

    /// The chat as text whose special pieces are written out: encode it with `parseSpecial`, and
    /// without `addSpecial` where `writesBOS`. With `addsGenerationPrompt` it ends where the
    /// assistant's answer begins.
    public func render(_ messages: [ChatMessage], addsGenerationPrompt: Bool = true) -> String {
        let text: String
        switch family {
        case .chatML: text = renderChatML(messages)
        case .llama3: text = renderLlama3(messages)
        case .llama2: text = renderLlama2(messages)
        case .roleTags: text = renderRoleTags(messages)
        case .gemma: text = renderGemma(messages)
        }
        return text + (addsGenerationPrompt ? generationPrompt : "")
    }

    /// Whether the rendered text begins with the begin piece.
    public var writesBOS: Bool { writesBOSVariable || (!bos.isEmpty && source.contains(bos)) }

    private var writesBOSVariable: Bool { source.contains("bos_token") }

    /// SmolLM begins a text with the piece that begins each message, so that one is enough.
    private var begin: String {
        writesBOSVariable || (writesBOS && bos != "<|im_start|>") ? bos : ""
    }

    private var generationPrompt: String {
        switch family {
        case .chatML: "<|im_start|>assistant\n"
        case .llama3: "<|start_header_id|>assistant<|end_header_id|>\n\n"
        case .llama2: ""
        case .roleTags: "<|assistant|>\n"
        case .gemma: "<start_of_turn>model\n"
        }
    }

    private func renderChatML(_ messages: [ChatMessage]) -> String {
        var text = begin
        if messages.first?.role != "system", let message = standardSystemMessage {
            text += "<|im_start|>system\n\(message)<|im_end|>\n"
        }
        for message in messages {
            text += "<|im_start|>\(message.role)\n\(message.content)<|im_end|>\n"
        }
        return text
    }

    /// What a ChatML template says by itself before a chat without a system message (Qwen, SmolLM),
    /// or nil. It stands there between its two markers, with no Jinja in it.
    private var standardSystemMessage: String? {
        for newline in ["\n", "\\n"] {
            for part in source.components(after: "<|im_start|>system" + newline) {
                guard let end = part.firstRange(of: "<|im_end|>") else { continue }
                let message = part[..<end.lowerBound]
                if !message.isEmpty, !message.contains(where: { "'\"{}".contains($0) }) {
                    return String(message)
                }
            }
        }
        return nil
    }

    private func renderLlama3(_ messages: [ChatMessage]) -> String {
        var messages = messages
        // Llama 3.1 and later open with two dates; without a clock the template's own stands.
        if source.contains("Cutting Knowledge Date") {
            var system = ""
            if messages.first?.role == "system" { system = trimmed(messages.removeFirst().content) }
            let dates = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
            messages.insert(ChatMessage(role: "system", content: dates + system), at: 0)
        }
        return messages.enumerated().reduce(into: begin) { text, message in
            let (index, message) = message
            text += "<|start_header_id|>\(message.role)<|end_header_id|>\n\n"
            let isDated = index == 0 && source.contains("Cutting Knowledge Date")
            text += (isDated ? message.content : trimmed(message.content)) + "<|eot_id|>"
        }
    }

    /// Llama 2 and Mistral, which differ in spaces and in where a text begins.
    private func renderLlama2(_ messages: [ChatMessage]) -> String {
        let trims = source.contains(".strip()") || source.contains("| trim")
        let repeatsBegin = source.contains("bos_token + '[INST]")
        let end = source.contains("' ' + eos_token") ? " " + eos : eos
        var text = repeatsBegin ? "" : begin
        var system = ""
        for message in messages {
            let content = trims ? trimmed(message.content) : message.content
            switch message.role {
            case "system":
                let isTagged = source.contains("<<SYS>>")
                system = message.content
                system = isTagged ? "<<SYS>>\n\(system)\n<</SYS>>\n\n" : system + "\n\n"
            case "assistant": text += " \(content)\(end)"
            default:
                let request = system + message.content
                text += repeatsBegin ? begin : ""
                text += "[INST] \(trims ? trimmed(request) : request) [/INST]"
                system = ""
            }
        }
        return text
    }

    private func renderRoleTags(_ messages: [ChatMessage]) -> String {
        let end = source.contains("<|end|>") ? "<|end|>" : eos
        return messages.reduce(into: begin) { text, message in
            text += "<|\(message.role)|>\n\(message.content)\(end)\n"
        }
    }

    private func renderGemma(_ messages: [ChatMessage]) -> String {
        var text = begin
        // Gemma knows no system role: what it says goes before the first turn of the user.
        var system = ""
        for message in messages {
            if message.role == "system" {
                system += trimmed(message.content) + "\n\n"
                continue
            }
            let role = message.role == "assistant" ? "model" : message.role
            text += "<start_of_turn>\(role)\n\(system)\(trimmed(message.content))<end_of_turn>\n"
            system = ""
        }
        return text
    }

    private func trimmed(_ text: String) -> String {
        let kept = text.drop { $0.isWhitespace }
        guard let last = kept.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(kept[...last])
    }
}

extension String {
    /// What follows each occurrence of `marker`, up to the end of the text.
    fileprivate func components(after marker: String) -> [Substring] {
        ranges(of: marker).map { self[$0.upperBound...] }
    }
}
