import Tokenizers

/// `bored model tokenize`: a text in, ids and their pieces out.
enum TokenizeCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let text = try settings.text()
        let tokenizer = try ModelSource.open(settings.operands[0], settings).tokenizer()
        let ids = tokenizer.encode(
            text, addSpecial: settings.flag("begin"), parseSpecial: settings.flag("special"))
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("ids", ids)
            line.add("pieces", ids.map { tokenizer.text(of: $0) })
            Console.line(line.text)
            return 0
        }
        for row in columns(ids.map { ["\($0)", tokenizer.text(of: $0).debugDescription] }) {
            Console.line(row)
        }
        return 0
    }
}

extension ModelSource {
    /// The tokenizer alone: nothing else of the model is read.
    func tokenizer() throws -> Tokenizer {
        let model = try tokenizerModel()
        do throws(TokenizerError) {
            return try Tokenizer(model)
        } catch {
            throw CommandError("The tokenizer of \(name) can't be used. \(error)")
        }
    }
}
