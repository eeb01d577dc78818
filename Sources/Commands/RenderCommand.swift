import Checkpoints
import Primitives
import Runtime
import Templates
import Tokenizers

/// `bored model render`: a chat in, the text and the ids that a model sees out.
enum RenderCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let chat = try chat(settings)
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

    private struct Chat {
        var messages: [JSONValue]
        var tools = JSONValue.null
        var documents = JSONValue.null
        var others = JSONObject()
    }

    /// A list of messages, or an object with `messages`, `tools` and what else a template reads.
    private static func chat(_ settings: Settings) throws -> Chat {
        guard let path = settings.string("messages") else {
            throw UsageError("bored model render needs --messages FILE.")
        }
        let bytes: [UInt8]
        if path == "-" {
            guard let text = Console.readInput(limit: Limits.textFileByteCount) else {
                throw CommandError("The standard input is not UTF-8 text of at most 64 MiB.")
            }
            bytes = Array(text.utf8)
        } else {
            bytes = try FileBytes.read(path, limit: Limits.textFileByteCount)
        }
        let json: JSONValue
        do throws(CheckpointError) {
            json = try JSONValue(parsing: bytes, file: path)
        } catch {
            throw CommandError("The messages are not JSON. \(error)")
        }
        guard let messages = json.array ?? json["messages"]?.array,
            messages.allSatisfy({ $0["role"]?.string != nil })
        else {
            throw CommandError(
                "\(path) is no list of messages: [{\"role\": \"user\", \"content\": \"Hi\"}], by "
                    + "itself or as \"messages\" of an object.")
        }
        var chat = Chat(messages: messages)
        guard let object = json.object else { return chat }
        for (name, value) in zip(object.keys, object.values) {
            switch name {
            case "messages": break
            case "tools": chat.tools = value
            case "documents": chat.documents = value
            default: chat.others.add(value, for: name)
            }
        }
        return chat
    }
}
