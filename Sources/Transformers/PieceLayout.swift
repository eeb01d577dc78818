import Primitives
public import Tensors

/// Where everything lies in one piece of a model (Protocol.md).
///
/// Piece 0 is the ends, piece 1 + i is layer i. A piece is a header of 64 bytes, then its sections
/// in one order, each at a multiple of 64 bytes with zeros between: a piece is read into aligned
/// memory and computed with as it is.
public struct PieceLayout: Hashable, Sendable {
    public enum Kind: UInt8, Sendable {
        case ends = 0
        case layer = 1
    }

    /// One section. `columnCount` is the inner dimension, which a product sums over.
    public struct Section: Hashable, Sendable {
        public var role: Role
        /// Which expert's it is; 0 where there are none.
        public var expert: Int
        public var format: Format
        public var rowCount: Int
        public var columnCount: Int
        public var offset: Int
        public var byteCount: Int
    }

    public enum Format: Hashable, Sendable {
        /// Float32, `columnCount` numbers.
        case vector
        /// A matrix in panels of 32 rows; rows beyond the last are zero.
        case panels(WeightFormat)
        /// Bytes as they are.
        case bytes

        /// How the numbers of a matrix are stored; nil for what is none.
        public var weightFormat: WeightFormat? {
            if case .panels(let format) = self { format } else { nil }
        }
    }

    public let kind: Kind
    /// How each matrix is stored.
    public let formats: WeightFormats
    public private(set) var sections: [Section] = []
    public private(set) var byteCount = PieceLayout.headerByteCount

    public static let headerByteCount = 64
    /// Sections begin at multiples of this.
    public static let alignment = 64
    /// Outputs of one panel.
    public static let panelRowCount = 32

    /// Piece `index` of a model: 0 for the ends, which carry `tokenizerByteCount` bytes.
    public static func piece(
        _ index: Int, of shape: ModelShape, tokenizerByteCount: Int = 0,
        formats: WeightFormats = .float16
    ) -> PieceLayout {
        index == 0
            ? ends(shape, tokenizerByteCount: tokenizerByteCount, formats: formats)
            : layer(index - 1, of: shape, formats: formats)
    }

    /// A layer: vectors, then matrices. Traps where a format cannot hold a matrix's rows.
    public static func layer(
        _ index: Int, of shape: ModelShape, formats: WeightFormats = .float16
    ) -> PieceLayout {
        var layout = PieceLayout(kind: .layer, formats: formats)
        let options = shape.options
        let (hidden, query, key) = (shape.hiddenSize, shape.querySize, shape.keyValueSize)
        let (inner, expertCount) = (
            shape.feedForwardSize(ofLayer: index), shape.expertCount(ofLayer: index)
        )
        layout.addNorm(.attentionNorm, .attentionNormBias, options, hidden)
        if !options.contains(.parallel) {
            layout.addNorm(.feedForwardNorm, .feedForwardNormBias, options, hidden)
        }
        if options.contains(.postNorms) {
            layout.addVector(.postAttentionNorm, hidden)
            layout.addVector(.postFeedForwardNorm, hidden)
        }
        if options.contains(.queryKeyNorm) {
            layout.addNorm(.queryNorm, .queryNormBias, options, shape.headSize)
            layout.addNorm(.keyNorm, .keyNormBias, options, shape.headSize)
        }
        if options.contains(.attentionBias) {
            layout.addVector(.queryBias, query)
            layout.addVector(.keyBias, key)
            layout.addVector(.valueBias, key)
        }
        if options.contains(.outputBias) { layout.addVector(.outputBias, hidden) }
        if options.contains(.feedForwardBias) {
            if !options.contains(.ungated) { layout.addVector(.gateBias, inner) }
            layout.addVector(.upBias, inner)
            layout.addVector(.downBias, hidden)
        }
        // Neighbours in this order, so that q, k, v are one product, and gate and up another.
        layout.addPanels(.query, rows: query, columns: hidden)
        layout.addPanels(.key, rows: key, columns: hidden)
        layout.addPanels(.value, rows: key, columns: hidden)
        layout.addPanels(.output, rows: hidden, columns: query)
        if expertCount > 0 { layout.addPanels(.router, rows: expertCount, columns: hidden) }
        for expert in 0..<max(1, expertCount) {
            if !options.contains(.ungated) {
                layout.addPanels(.gate, rows: inner, columns: hidden, expert: expert)
            }
            layout.addPanels(.up, rows: inner, columns: hidden, expert: expert)
            layout.addPanels(.down, rows: hidden, columns: inner, expert: expert)
        }
        return layout
    }

    public static func ends(
        _ shape: ModelShape, tokenizerByteCount: Int = 0, formats: WeightFormats = .float16
    ) -> PieceLayout {
        var layout = PieceLayout(kind: .ends, formats: formats)
        let (hidden, vocabulary) = (shape.hiddenSize, shape.vocabularySize)
        if shape.options.contains(.encoder) {
            layout.addNorm(.embeddingNorm, .embeddingNormBias, shape.options, hidden)
            layout.addVector(.segment, hidden)
            layout.addPanels(.embedding, rows: vocabulary, columns: hidden)
            layout.addPanels(.position, rows: shape.contextLength, columns: hidden)
        } else {
            layout.addNorm(.finalNorm, .finalNormBias, shape.options, hidden)
            if shape.options.contains(.headBias) { layout.addVector(.headBias, vocabulary) }
            layout.addPanels(.embedding, rows: vocabulary, columns: hidden)
            if !shape.isTied { layout.addPanels(.head, rows: vocabulary, columns: hidden) }
        }
        layout.add(.tokenizer, .bytes, rows: 1, columns: tokenizerByteCount, tokenizerByteCount)
        return layout
    }

    private init(kind: Kind, formats: WeightFormats) {
        self.kind = kind
        self.formats = formats
    }

    public func section(_ role: Role, expert: Int = 0) -> Section? {
        sections.first { $0.role == role && $0.expert == expert }
    }

    private mutating func addNorm(
        _ role: Role, _ bias: Role, _ options: BlockOptions, _ count: Int
    ) {
        addVector(role, count)
        if options.contains(.layerNorm) { addVector(bias, count) }
    }

    private mutating func addVector(_ role: Role, _ count: Int) {
        add(role, .vector, rows: 1, columns: count, 4 * count)
    }

    private mutating func addPanels(_ role: Role, rows: Int, columns: Int, expert: Int = 0) {
        let format = formats[role]
        let byteCount = PanelMatrix.byteCount(
            outputCount: rows, inputCount: columns, format: format)
        add(role, .panels(format), rows: rows, columns: columns, expert: expert, byteCount)
    }

    private mutating func add(
        _ role: Role, _ format: Format, rows: Int, columns: Int, expert: Int = 0,
        _ sectionByteCount: Int
    ) {
        let mask = PieceLayout.alignment - 1
        let offset = (byteCount + mask) & ~mask
        sections.append(
            Section(
                role: role, expert: expert, format: format, rowCount: rows, columnCount: columns,
                offset: offset, byteCount: sectionByteCount))
        byteCount = offset + sectionByteCount
    }
}
