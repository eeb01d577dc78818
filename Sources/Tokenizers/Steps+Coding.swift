import Primitives

extension Normalization {
    /// A byte for the kind of step, and its operands (Protocol.md, "Normalization").
    func encode(into writer: inout ByteWriter) {
        switch self {
        case .composed: writer.write(UInt8(1))
        case .decomposed: writer.write(UInt8(2))
        case .compatiblyComposed: writer.write(UInt8(3))
        case .compatiblyDecomposed: writer.write(UInt8(4))
        case .baseCharacters: writer.write(UInt8(5))
        case .lowercased: writer.write(UInt8(6))
        case .withoutAccents: writer.write(UInt8(7))
        case .withoutMarks: writer.write(UInt8(8))
        case .withoutControls: writer.write(UInt8(9))
        case .cleaned: writer.write(UInt8(10))
        case .spacedIdeographs: writer.write(UInt8(11))
        case .trimmed(let left, let right):
            writer.write(UInt8(12))
            writer.write(UInt8(left ? 1 : 0) | UInt8(right ? 2 : 0))
        case .prefixed(let text):
            writer.write(UInt8(13))
            writer.writeString(text)
        case .replaced(let old, let new):
            writer.write(UInt8(14))
            writer.writeString(old)
            writer.writeString(new)
        case .replacedMatches(let pattern, let new):
            writer.write(UInt8(15))
            writer.writeString(pattern)
            writer.writeString(new)
        case .replacedByTable(let table, let reading):
            writer.write(UInt8(16))
            writer.write(reading.rawValue)
            writer.writeBlob(table)
        }
    }

    init(reading reader: inout ByteReader) throws(WireError) {
        let limit = Limits.vocabularyPieceByteCount
        switch try reader.readUInt8() {
        case 1: self = .composed
        case 2: self = .decomposed
        case 3: self = .compatiblyComposed
        case 4: self = .compatiblyDecomposed
        case 5: self = .baseCharacters
        case 6: self = .lowercased
        case 7: self = .withoutAccents
        case 8: self = .withoutMarks
        case 9: self = .withoutControls
        case 10: self = .cleaned
        case 11: self = .spacedIdeographs
        case 12:
            let sides = try reader.readUInt8()
            guard sides < 4 else { throw .invalid }
            self = .trimmed(left: sides & 1 != 0, right: sides & 2 != 0)
        case 13: self = .prefixed(try reader.readString(limit: limit))
        case 14:
            let old = try reader.readString(limit: limit)
            self = .replaced(old, by: try reader.readString(limit: limit))
        case 15:
            let pattern = try reader.readString(limit: limit)
            self = .replacedMatches(pattern, by: try reader.readString(limit: limit))
        case 16:
            guard let reading = TableReading(rawValue: try reader.readUInt8()) else {
                throw .invalid
            }
            let table = try reader.readBlob(limit: Limits.replacementTableByteCount)
            self = .replacedByTable(table, reading)
        default: throw .invalid
        }
    }
}

extension Splitting {
    /// A byte for the kind of step, and its operands (Protocol.md, "Words").
    func encode(into writer: inout ByteWriter) {
        switch self {
        case .pattern(let text, let behavior, let isInverted):
            writer.write(UInt8(1))
            writer.write(behavior.rawValue | (isInverted ? 0x80 : 0))
            writer.writeString(text)
        case .spacePrefix: writer.write(UInt8(2))
        case .spaceMarks(let prefix, let splits):
            writer.write(UInt8(3))
            writer.write(prefix.rawValue | (splits ? 0x80 : 0))
        case .byteLetters: writer.write(UInt8(4))
        }
    }

    init(reading reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case 1:
            let byte = try reader.readUInt8()
            guard let behavior = Behavior(rawValue: byte & 0x7F) else { throw .invalid }
            let text = try reader.readString(limit: Limits.vocabularyPieceByteCount)
            self = .pattern(text, behavior, isInverted: byte & 0x80 != 0)
        case 2: self = .spacePrefix
        case 3:
            let byte = try reader.readUInt8()
            guard let prefix = MarkPrefix(rawValue: byte & 0x7F) else { throw .invalid }
            self = .spaceMarks(prefix, splits: byte & 0x80 != 0)
        case 4: self = .byteLetters
        default: throw .invalid
        }
    }
}
