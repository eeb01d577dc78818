public import Tensors
public import Tokenizers

/// An answer as text: a generation, the characters that its ids complete, and its stop strings.
public struct Answer: Sendable {
    public private(set) var generation: Generation
    /// All text shown so far.
    public private(set) var text = ""
    private var decoder: StreamingDecoder
    private var stops: StopStrings

    /// What one step brought.
    public struct Part: Hashable, Sendable {
        /// The id chosen; nil where the model ended the answer instead.
        public var id: Int?
        /// Text that can be shown: often empty, while a character or a stop string is incomplete.
        public var text: String
        /// Set in the last part.
        public var finishReason: FinishReason?
    }

    public init(
        promptIDs: [Int], settings: GenerationSettings, tokenizer: Tokenizer, shape: ModelShape
    ) throws(GenerationError) {
        generation = try Generation(
            promptIDs: promptIDs, settings: settings, vocabularySize: shape.vocabularySize,
            contextLength: shape.contextLength)
        // A prompt of special pieces only shows nothing, so that the answer starts the text.
        decoder = StreamingDecoder(
            tokenizer, startsText: tokenizer.decode(promptIDs, skipSpecial: true).isEmpty)
        stops = StopStrings(settings.stopStrings)
    }

    public var finishReason: FinishReason? { generation.finishReason }

    public mutating func nextRows() -> Generation.Rows? { generation.nextRows() }

    /// The ids of `rows`: what to embed.
    public func ids(of rows: Generation.Rows) -> ArraySlice<Int> {
        generation.ids[rows.start..<rows.start + rows.count]
    }

    /// Rows came back that yield no token.
    public mutating func accept(_ rows: Generation.Rows) { generation.accept(rows) }

    /// Rows came back from the last layer, and `lastRow` of them yields a token.
    public mutating func accept(
        _ rows: Generation.Rows, lastRow: Span<Float>, ends: Ends, scratch: inout EndsScratch,
        kernels: Kernels, crew: some Crew
    ) -> Part {
        let id = generation.accept(
            rows, lastRow: lastRow, ends: ends, scratch: &scratch, kernels: kernels, crew: crew)
        var new = id.map { stops.append(decoder.append($0)) } ?? ""
        if stops.isFound {
            generation.stop()
        } else if generation.finishReason != nil {
            new += stops.append(decoder.finish()) + stops.finish()
            if stops.isFound { generation.stop() }
        }
        text += new
        return Part(id: id, text: new, finishReason: generation.finishReason)
    }

    /// The positions so far will be run again, on other stages or with new caches.
    public mutating func rewind() { generation.rewind() }
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
