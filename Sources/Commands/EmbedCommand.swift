import Primitives
import Runtime
import Tensors
import Tokenizers
import Transformers
import Wire

/// `bored embed`: a text's vector, by an encoder model.
enum EmbedCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let source = try ModelSource.open(settings.operands[0], settings)
        let kernels = Kernels(level: try settings.kernelLevel())
        let encoder = try source.encoder(kernels)
        let tokenizer = try Tokenizer(try source.tokenizerModel())
        var ids = tokenizer.encode(try settings.text(), addSpecial: true, parseSpecial: false)
        guard !ids.isEmpty else {
            throw CommandError("The text has no tokens for \(source.name): give another one.")
        }
        guard ids.allSatisfy({ $0 < encoder.shape.vocabularySize }) else {
            throw CommandError("The tokenizer of \(source.name) does not fit the model.")
        }
        // What is longer keeps its last piece, which ends every text.
        let limit = min(encoder.shape.contextLength, Limits.encodedTokenCount)
        if ids.count > limit, let last = ids.last {
            Console.note("(the text has \(ids.count) tokens: the first \(limit) are used)")
            ids = ids.prefix(limit - 1) + [last]
        }
        let crew = try ThreadCrew(memberCount: try settings.threadCount())
        let vector = encoder.embed(ids, crew: crew)
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("ids", ids)
            line.add("embedding", vector)
            Console.line(line.text)
        } else {
            Console.line(vector.map(\.description).joined(separator: " "))
        }
        return 0
    }
}

extension ModelSource {
    /// The whole encoder in memory. Throws where the model is none.
    fileprivate func encoder(_ kernels: Kernels) throws -> Encoder {
        do {
            switch self {
            case .stored(let model, let store):
                return try Encoder(
                    shape: try ModelShape(decoding: model.manifest.shape),
                    pieces: try model.manifest.pieces.map { try store.readPiece($0) },
                    kernels: kernels)
            case .checkpoint(let checkpoint, _):
                return try Encoder(
                    try ModelStore.builder(of: checkpoint), kernels: kernels)
            }
        } catch let error as ModelError {
            throw CommandError("\(name) can't be used: \(ModelStore.sentence(of: error)).")
        }
    }
}
