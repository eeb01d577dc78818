import Runtime
import Templates
import Tokenizers

/// `bored model render`: a chat in, the text and the ids that a model sees out.
enum RenderCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        guard let path = settings.string("messages") else {
            throw UsageError("bored model render needs --messages FILE.")
        }
        let chat = try ChatFile(path: path)
        let tokenizer = try ModelSource.open(settings.operands[0], settings).tokenizer()
        guard let template = ChatTemplate(tokenizer.model) else {
            throw CommandError(
                "\(settings.operands[0]) has no chat template, and its tokens tell no family.")
        }
        let text: String
        do throws(TemplateError) {
            text = try template.render(
                chat.messages, tools: chat.tools, documents: chat.documents,
                addsGenerationPrompt: !settings.flag("no-generation-prompt"), others: chat.others,
                secondsSince1970: Int(SystemClock.wallSeconds()))
        } catch {
            throw CommandError("\(error)")
        }
        let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("text", text)
            line.add("ids", ids)
            Console.line(line.text)
        } else {
            Console.line(text)
        }
        return 0
    }
}
