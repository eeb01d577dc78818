import Primitives
import Runtime
import Tokenizers

/// What a person wants answered: a text to be continued as it stands, or a chat.
enum PromptText {
    case raw(String)
    case chat(ChatFile)

    /// From TEXT, `--messages`, `--system` and `--raw`.
    init(_ settings: Settings) throws {
        let text = try settings.operands.first.map(Self.read)
        let (path, system) = (settings.string("messages"), settings.string("system"))
        if settings.flag("raw") {
            guard path == nil, system == nil else {
                throw UsageError("bored prompt takes --raw without --messages and --system.")
            }
            guard let text else { throw UsageError("bored prompt needs TEXT.") }
            self = .raw(text)
            return
        }
        guard text != nil || path != nil else {
            throw UsageError("bored prompt needs TEXT, or --messages FILE.")
        }
        var chat = try path.map { try ChatFile(path: $0) } ?? ChatFile([])
        if let system {
            chat.messages.insert(ChatMessage(role: "system", content: system).json, at: 0)
        }
        if let text { chat.messages.append(ChatMessage(role: "user", content: text).json) }
        guard !chat.messages.isEmpty else {
            throw CommandError("There is no message in \(path ?? "the chat").")
        }
        self = .chat(chat)
    }

    private static func read(_ operand: String) throws -> String {
        guard operand == "-" else { return operand }
        guard let input = Console.readInput(limit: 1 << 20) else {
            throw CommandError("The standard input is not UTF-8 text of at most 1 MiB.")
        }
        return input
    }

    /// The ids that a model sees.
    func ids(for model: TextModel) throws -> [Int] {
        switch self {
        case .raw(let text): try model.promptIDs(for: text, isRaw: true)
        case .chat(let chat):
            try model.promptIDs(
                forChat: chat.messages, tools: chat.tools, documents: chat.documents,
                others: chat.others)
        }
    }
}
