import Primitives

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

    /// What a section holds; the raw value is for messages only.
    public enum Role: String, Hashable, Sendable {
        case attentionNorm, feedForwardNorm, finalNorm
        case query, key, value, output, gate, up, down
        case embedding, head
        case tokenizer
    }

    /// One section. `columns` is the inner dimension, which a product sums over.
    public struct Section: Hashable, Sendable {
        public var role: Role
        public var format: Format
        public var rowCount: Int
        public var columnCount: Int
        public var offset: Int
        public var byteCount: Int
    }

    public enum Format: Hashable, Sendable {
        /// Float32, `columnCount` numbers.
        case vector
        /// Float16 panels `[ceil(rows / 32)][column][32]`; rows beyond the last are zero.
        case panels
        /// Bytes as they are.
        case bytes

        /// How people call the format of a matrix; nil for what is none.
        public var matrixName: String? { self == .panels ? "F16" : nil }
    }

    public let kind: Kind
    public private(set) var sections: [Section] = []
    public private(set) var byteCount = PieceLayout.headerByteCount

    public static let headerByteCount = 64
    /// Sections begin at multiples of this.
    public static let alignment = 64
    /// Outputs of one panel.
    public static let panelRowCount = 32

    /// Piece `index` of a model: 0 for the ends, which carry `tokenizerByteCount` bytes.
    public static func piece(_ index: Int, of shape: ModelShape, tokenizerByteCount: Int = 0)
        -> PieceLayout
    {
        index == 0 ? ends(shape, tokenizerByteCount: tokenizerByteCount) : layer(shape)
    }

    public static func layer(_ shape: ModelShape) -> PieceLayout {
        var layout = PieceLayout(kind: .layer)
        let hidden = shape.hiddenSize
        layout.addVector(.attentionNorm, hidden)
        layout.addVector(.feedForwardNorm, hidden)
        // Neighbours in this order, so that q, k, v are one product, and gate and up another.
        layout.addPanels(.query, rows: shape.querySize, columns: hidden)
        layout.addPanels(.key, rows: shape.keyValueSize, columns: hidden)
        layout.addPanels(.value, rows: shape.keyValueSize, columns: hidden)
        layout.addPanels(.output, rows: hidden, columns: shape.querySize)
        layout.addPanels(.gate, rows: shape.feedForwardSize, columns: hidden)
        layout.addPanels(.up, rows: shape.feedForwardSize, columns: hidden)
        layout.addPanels(.down, rows: hidden, columns: shape.feedForwardSize)
        return layout
    }

    public static func ends(_ shape: ModelShape, tokenizerByteCount: Int = 0) -> PieceLayout {
        var layout = PieceLayout(kind: .ends)
        layout.addVector(.finalNorm, shape.hiddenSize)
        layout.addPanels(.embedding, rows: shape.vocabularySize, columns: shape.hiddenSize)
        if !shape.isTied {
            layout.addPanels(.head, rows: shape.vocabularySize, columns: shape.hiddenSize)
        }
        layout.add(.tokenizer, .bytes, rows: 1, columns: tokenizerByteCount, tokenizerByteCount)
        return layout
    }

    private init(kind: Kind) { self.kind = kind }

    public func section(_ role: Role) -> Section? { sections.first { $0.role == role } }

    private mutating func addVector(_ role: Role, _ count: Int) {
        add(role, .vector, rows: 1, columns: count, count * 4)
    }

    private mutating func addPanels(_ role: Role, rows: Int, columns: Int) {
        let panelCount = (rows + PieceLayout.panelRowCount - 1) / PieceLayout.panelRowCount
        let panelByteCount = columns * PieceLayout.panelRowCount * 2
        add(role, .panels, rows: rows, columns: columns, panelCount * panelByteCount)
    }

    private mutating func add(
        _ role: Role, _ format: Format, rows: Int, columns: Int, _ sectionByteCount: Int
    ) {
        let mask = PieceLayout.alignment - 1
        let offset = (byteCount + mask) & ~mask
        sections.append(
            Section(
                role: role, format: format, rowCount: rows, columnCount: columns, offset: offset,
                byteCount: sectionByteCount))
        byteCount = offset + sectionByteCount
    }
}

// MARK: header

extension PieceLayout {
    static let magic = Array("bored-pc".utf8)
    static let formatVersion: UInt16 = 1
    /// Matrices in Float16 panels: the only weight format of version 1.
    static let weightFormat: UInt8 = 1

    /// The 64 bytes with which such a piece begins: the whole header follows from the layout.
    public var header: [UInt8] {
        var writer = ByteWriter(reserving: PieceLayout.headerByteCount)
        writer.write(PieceLayout.magic)
        writer.write(PieceLayout.formatVersion)
        writer.write(kind.rawValue)
        writer.write(PieceLayout.weightFormat)
        writer.write(UInt32(sections.count))
        writer.write(UInt64(byteCount))
        writer.write(UInt64(section(.tokenizer)?.byteCount ?? 0))
        writer.write([UInt8](repeating: 0, count: PieceLayout.headerByteCount - writer.count))
        return writer.bytes
    }

    /// The layout of piece `index` whose first 64 bytes are `header`.
    public static func piece(_ index: Int, of shape: ModelShape, header: [UInt8])
        throws(ModelError) -> PieceLayout
    {
        if index == 0 { return try ends(shape, header: header) }
        let layout = layer(shape)
        guard layout.header == header else { throw .wrongPieceHeader }
        return layout
    }

    /// The layout of the ends whose first 64 bytes are `header`; only they say their own size.
    public static func ends(_ shape: ModelShape, header: [UInt8]) throws(ModelError)
        -> PieceLayout
    {
        guard header.count == headerByteCount else { throw .wrongPieceHeader }
        var reader = ByteReader(header[24..<32])
        guard let count = try? reader.readUInt64(), count <= UInt64(Limits.tokenizerByteCount)
        else { throw .wrongPieceHeader }
        let layout = ends(shape, tokenizerByteCount: Int(count))
        guard layout.header == header else { throw .wrongPieceHeader }
        return layout
    }
}
