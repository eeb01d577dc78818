import Checkpoints
import Primitives
import Runtime

/// A chat as a file has it: a list of messages, or an object with `messages`, `tools` and what else
/// a template reads.
struct ChatFile {
    var messages: [JSONValue]
    var tools = JSONValue.null
    var documents = JSONValue.null
    var others = JSONObject()

    init(_ messages: [JSONValue]) { self.messages = messages }

    /// Reads a file; `-` is the standard input.
    init(path: String) throws {
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
        self.messages = messages
        guard let object = json.object else { return }
        for (name, value) in zip(object.keys, object.values) {
            switch name {
            case "messages": break
            case "tools": tools = value
            case "documents": documents = value
            default: others.add(value, for: name)
            }
        }
    }
}
