public import Tokenizers

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
