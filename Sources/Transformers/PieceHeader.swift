import Primitives
import Tensors

/// The 64 bytes with which a piece begins. The whole header follows from the layout; a reader takes
/// from it only how matrices are stored and, in the ends, how long the tokenizer is.
extension PieceLayout {
    static let magic = Array("bored-pc".utf8)
    static let formatVersion: UInt16 = 1
    /// Where the formats of matrices begin, one byte each; 0 where a piece has no such matrix.
    static let formatsOffset = 32

    public var header: [UInt8] {
        var writer = ByteWriter(reserving: PieceLayout.headerByteCount)
        writer.write(PieceLayout.magic)
        writer.write(PieceLayout.formatVersion)
        writer.write(kind.rawValue)
        writer.write(UInt8(0))
        writer.write(UInt32(sections.count))
        writer.write(UInt64(byteCount))
        writer.write(UInt64(section(.tokenizer)?.byteCount ?? 0))
        for role in WeightFormats.roles {
            writer.write(section(role)?.format.weightFormat?.rawValue ?? 0)
        }
        writer.write([UInt8](repeating: 0, count: PieceLayout.headerByteCount - writer.count))
        return writer.bytes
    }

    /// The layout of piece `index` whose first 64 bytes are `header`. Throws unless they are those
    /// that a layout of this shape begins with.
    public static func piece(_ index: Int, of shape: ModelShape, header: [UInt8])
        throws(ModelError) -> PieceLayout
    {
        guard header.count == headerByteCount else { throw .wrongPieceHeader }
        var reader = ByteReader(header[24..<32])
        guard let count = try? reader.readUInt64(), count <= UInt64(Limits.tokenizerByteCount)
        else { throw .wrongPieceHeader }
        let plain = piece(index, of: shape)
        var formats = WeightFormats.float16
        for (position, role) in WeightFormats.roles.enumerated() {
            guard let section = plain.section(role) else { continue }
            guard let format = WeightFormat(rawValue: header[formatsOffset + position]),
                format.holds(inputCount: section.columnCount)
            else { throw .wrongPieceHeader }
            formats[role] = format
        }
        let layout = piece(
            index, of: shape, tokenizerByteCount: Int(count), formats: formats)
        guard layout.header == header else { throw .wrongPieceHeader }
        return layout
    }
}
