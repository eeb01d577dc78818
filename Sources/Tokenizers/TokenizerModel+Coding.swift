import Primitives

extension TokenizerModel {
    /// The first bytes of an encoded tokenizer: a name and a version.
    private static let magic = Array("BTK1".utf8)

    private var flags: UInt8 {
        let all = [ignoresMerges, addsBOS, addsEOS, addsSpacePrefix, stripsAfterSpecial]
        return all.enumerated().reduce(0) { $0 | ($1.element ? 1 << UInt8($1.offset) : 0) }
    }

    /// The canonical bytes of this tokenizer: one sequence for each value (docs/protocol/tokenizer.md).
    public func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 16 * pieces.count)
        writer.write(Self.magic)
        writer.write(kind.rawValue)
        writer.write(flags)
        writer.writeVarint(pieces.count)
        for id in pieces.indices {
            writer.write(types[id].rawValue)
            writer.writeBlob(pieces[id])
        }
        for score in scores { writer.write(score.bitPattern) }
        writer.writeVarint(merges.count)
        for merge in merges {
            writer.writeVarint(merge.left)
            writer.writeVarint(merge.right)
            writer.writeVarint(merge.result)
        }
        writer.writeVarint(patterns.count)
        for pattern in patterns { writer.writeString(pattern) }
        // Absent is 0, so that ids are written one higher.
        writer.writeVarint(bosID.map { $0 + 1 } ?? 0)
        writer.writeVarint(unknownID.map { $0 + 1 } ?? 0)
        writer.writeVarint(eosIDs.count)
        for id in eosIDs { writer.writeVarint(id) }
        writer.write(UInt8(chatTemplate == nil ? 0 : 1))
        if let chatTemplate { writer.writeString(chatTemplate) }
        return writer.bytes
    }

    /// Reads what `encode` wrote. Throws where the bytes break the format, a limit, or where the
    /// parts contradict each other; never allocates more than a small multiple of the input.
    public init(decoding bytes: [UInt8]) throws(TokenizerError) {
        var reader = ByteReader(bytes)
        do throws(WireError) {
            self = try Self(reading: &reader)
            try reader.finish()
        } catch {
            throw .invalid(
                place: "byte \(reader.index)", expected: "the format of an encoded tokenizer",
                found: "input that is \(error)")
        }
        try check()
    }

    private init(reading reader: inout ByteReader) throws(WireError) {
        guard try reader.readBytes(4) == Self.magic,
            let kind = Kind(rawValue: try reader.readUInt8())
        else { throw .invalid }
        let flags = try reader.readUInt8()
        guard flags < 32 else { throw .invalid }
        let count = try reader.readCount(limit: min(Limits.vocabularyCount, reader.remaining / 2))
        self.init(kind: kind, pieces: [], types: [])
        for _ in 0..<count {
            guard let type = PieceType(rawValue: try reader.readUInt8()) else { throw .invalid }
            types.append(type)
            pieces.append(try reader.readBlob(limit: Limits.vocabularyPieceByteCount))
        }
        if kind == .sentencePiece {
            for _ in 0..<count { scores.append(Float(bitPattern: try reader.readUInt32())) }
        }
        let mergeCount = try reader.readCount(
            limit: min(Limits.vocabularyCount, reader.remaining / 3))
        for _ in 0..<mergeCount {
            merges.append(
                Merge(
                    left: try reader.readCount(limit: count),
                    right: try reader.readCount(limit: count),
                    result: try reader.readCount(limit: count)))
        }
        for _ in 0..<(try reader.readCount(limit: 8)) {
            patterns.append(try reader.readString(limit: Limits.vocabularyPieceByteCount))
        }
        ignoresMerges = flags & 1 != 0
        addsBOS = flags & 2 != 0
        addsEOS = flags & 4 != 0
        addsSpacePrefix = flags & 8 != 0
        stripsAfterSpecial = flags & 16 != 0
        let bos = try reader.readCount(limit: count)
        bosID = bos == 0 ? nil : bos - 1
        let unknown = try reader.readCount(limit: count)
        unknownID = unknown == 0 ? nil : unknown - 1
        for _ in 0..<(try reader.readCount(limit: 64)) {
            eosIDs.append(try reader.readCount(limit: count))
        }
        switch try reader.readUInt8() {
        case 0: break
        case 1: chatTemplate = try reader.readString(limit: Limits.chatTemplateByteCount)
        default: throw .invalid
        }
    }
}
