public import Tensors
public import Tokenizers

extension TokenizerModel {
    /// The tokenizer inside a model's ends: of a model that writes text, or of an encoder. Throws
    /// where the piece is not of this shape, or its bytes are no tokenizer.
    public init(endsPiece bytes: WeightBytes, shape: ModelShape) throws(ModelError) {
        let section = try PieceView(bytes, index: 0, shape: shape).section(.tokenizer)
        let range = section.offset..<section.offset + section.byteCount
        do throws(TokenizerError) {
            try self.init(decoding: bytes.bytes(in: range))
        } catch {
            throw .tokenizer(error)
        }
    }
}

extension Ends {
    /// The tokenizer that these ends carry. Throws where its bytes are none.
    public func makeTokenizer() throws(ModelError) -> Tokenizer {
        do throws(TokenizerError) {
            return try Tokenizer(try TokenizerModel(decoding: tokenizerBytes))
        } catch {
            throw .tokenizer(error)
        }
    }
}
