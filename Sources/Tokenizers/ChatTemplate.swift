public import Checkpoints
public import Templates

/// One message of a chat.
public struct ChatMessage: Hashable, Sendable {
    /// `system`, `user`, `assistant`, `tool`.
    public var role: String
    public var content: String

    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }

    /// As templates see it.
    public var json: JSONValue {
        var object = JSONObject()
        object.add(.string(role), for: "role")
        object.add(.string(content), for: "content")
        return .object(object)
    }
}

/// How a model wants a chat written: its own Jinja template, or for a model without one the usual
/// template of the family whose special pieces it has.
public struct ChatTemplate: Sendable {
    /// A template that can't be read says so when it is rendered.
    private let template: Result<Template, TemplateError>
    /// What is used instead where there are tools.
    private let toolTemplate: Result<Template, TemplateError>?
    /// Texts of special pieces, by the names that templates use: `bos_token`, `eos_token`.
    private let specials: [TokenizerModel.TemplateText]
    /// Whether the model came without a template.
    public let isUsual: Bool

    /// Nil where the model has no template and none is usual for its pieces.
    public init?(_ model: TokenizerModel) {
        guard let source = model.chatTemplate ?? UsualTemplates.source(for: model) else {
            return nil
        }
        template = Self.read(source)
        toolTemplate = model.toolTemplate.map(Self.read)
        specials = model.knownTexts
        isUsual = model.chatTemplate == nil
    }

    private static func read(_ source: String) -> Result<Template, TemplateError> {
        Result { () throws(TemplateError) in try Template(source) }
    }

    /// The chat as text whose special pieces are written out: encode it with `parseSpecial` and
    /// without `addSpecial`.
    ///
    /// - `messages`: objects with `role` and `content`, and with what else the template reads
    ///   (`tool_calls`, parts); members that are null are left out.
    /// - `tools`, `documents`: lists, or null.
    /// - `addsGenerationPrompt`: end where the assistant's answer begins.
    /// - `others`: variables that this template knows besides, such as `enable_thinking`.
    /// - `secondsSince1970`: the time for templates that tell the date.
    public func render(
        _ messages: [JSONValue], tools: JSONValue = .null, documents: JSONValue = .null,
        addsGenerationPrompt: Bool = true, others: JSONObject = JSONObject(),
        secondsSince1970: Int? = nil
    ) throws(TemplateError) -> String {
        var variables = JSONObject()
        variables.add(.array(messages.map(withoutNulls)), for: "messages")
        variables.add(tools, for: "tools")
        variables.add(documents, for: "documents")
        variables.add(.bool(addsGenerationPrompt), for: "add_generation_prompt")
        for (name, value) in zip(others.keys, others.values) { variables.add(value, for: name) }
        for special in specials { variables.add(.string(special.text), for: special.name) }
        let template = tools == .null ? template : toolTemplate ?? template
        return try template.get().render(variables, secondsSince1970: secondsSince1970)
    }

    /// A chat of plain messages.
    public func render(
        _ messages: [ChatMessage], addsGenerationPrompt: Bool = true, secondsSince1970: Int? = nil
    ) throws(TemplateError) -> String {
        try render(
            messages.map(\.json), addsGenerationPrompt: addsGenerationPrompt,
            secondsSince1970: secondsSince1970)
    }

    private func withoutNulls(_ message: JSONValue) -> JSONValue {
        guard let object = message.object else { return message }
        var kept = JSONObject()
        for (key, value) in zip(object.keys, object.values) where value != .null {
            kept.add(value, for: key)
        }
        // As transformers does: templates read what a model thought by one name or another.
        let thought = ["reasoning_content", "thinking", "reasoning"].compactMap { kept[$0] }.first
        for name in ["reasoning_content", "thinking"] where kept[name] == nil {
            if let thought { kept.add(thought, for: name) }
        }
        return .object(kept)
    }
}

/// Templates for models that came without one.
enum UsualTemplates {
    /// By a special piece that tells the family.
    private static let all: [(piece: String, source: String)] = [
        (
            "<|im_start|>",
            "{% for m in messages %}"
                + "{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
                + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
        ),
        (
            "<|start_header_id|>",
            "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m.role + "
                + "'<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}{% endfor %}"
                + "{% if add_generation_prompt %}"
                + "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
        ),
        (
            "<start_of_turn>",
            "{{ bos_token }}{% set ns = namespace(before='') %}{% for m in messages %}"
                + "{% if m.role == 'system' %}{% set ns.before = m.content | trim + '\n\n' %}"
                + "{% else %}{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) "
                + "+ '\n' + ns.before + m.content | trim + '<end_of_turn>\n' }}"
                + "{% set ns.before = '' %}{% endif %}{% endfor %}"
                + "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
        ),
        (
            "<|assistant|>",
            "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}"
                + "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
        ),
    ]

    /// Mistral's: what the system says stands before the last of the user's texts.
    static let mistral =
        "{% set ns = namespace(before='', last=0) %}" + noTools
        + "{% for m in messages %}{% if m.role == 'system' %}"
        + "{% set ns.before = m.content + '\n\n' %}{% elif m.role == 'user' %}"
        + "{% set ns.last = loop.index %}{% endif %}{% endfor %}"
        + "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}"
        + "{{ '[INST]' + (ns.before if loop.index == ns.last else '') + m.content + '[/INST]' }}"
        + "{% elif m.role == 'assistant' %}{{ m.content + eos_token }}{% endif %}{% endfor %}"

    /// Mistral's later one, with pieces around what the system says.
    static let mistralWithSystem =
        noTools + "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}"
        + "{{ '[SYSTEM_PROMPT]' + m.content + '[/SYSTEM_PROMPT]' }}{% elif m.role == 'user' %}"
        + "{{ '[INST]' + m.content + '[/INST]' }}{% elif m.role == 'assistant' %}"
        + "{{ m.content + eos_token }}{% endif %}{% endfor %}"

    private static let noTools =
        "{% if tools or messages | selectattr('role', 'equalto', 'tool') | list %}"
        + "{{ raise_exception('this model came without a template for chats with tools') }}"
        + "{% endif %}"

    static func source(for model: TokenizerModel) -> String? {
        all.first { model.specialID($0.piece) != nil }?.source
    }
}
