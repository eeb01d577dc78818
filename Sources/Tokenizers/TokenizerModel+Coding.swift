import Primitives

extension TokenizerModel {
    /// The first bytes of an encoded tokenizer: a name and a version.
    private static let magic = Array("BTK1".utf8)

    private var flags: UInt8 {
        let all = [
            ignoresMerges, takesLineFeedsWhole, dropsFirstSpace, fusesUnknown, cutsLongestFirst,
        ]
        return all.enumerated().reduce(0) { $0 | ($1.element ? 1 << UInt8($1.offset) : 0) }
    }

    /// The canonical bytes of this tokenizer: one sequence for each value (Protocol.md).
    public func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 16 * pieces.count)
        writer.write(Self.magic)
        writer.write(kind.rawValue)
        writer.write(flags)
        writer.writeVarint(pieces.count)
        for id in pieces.indices {
            writer.write(types[id].rawValue | traits[id].rawValue << 3)
            writer.writeBlob(pieces[id])
        }
        for score in scores {
            if kind == .unigram {
                writer.write(score.bitPattern)
            } else {
                writer.write(Float(score).bitPattern)
            }
        }
        writer.writeVarint(merges.count)
        for merge in merges {
            writer.writeVarint(merge.left)
            writer.writeVarint(merge.right)
            writer.writeVarint(merge.result)
        }
        writer.writeVarint(normalizations.count)
        for step in normalizations { step.encode(into: &writer) }
        writer.writeVarint(splittings.count)
        for step in splittings { step.encode(into: &writer) }
        writer.writeVarint(wordCharacterCount)
        for ids in [prefixIDs, suffixIDs] {
            writer.writeVarint(ids.count)
            for id in ids { writer.writeVarint(id) }
        }
        // Absent is 0, so that ids are written one higher.
        writer.writeVarint(bosID.map { $0 + 1 } ?? 0)
        writer.writeVarint(unknownID.map { $0 + 1 } ?? 0)
        writer.writeVarint(eosIDs.count)
        for id in eosIDs { writer.writeVarint(id) }
        writeChat(into: &writer)
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
        self.init(kind: kind, pieces: [], types: [])
        try readVocabulary(&reader)
        let stepLimit = Limits.tokenizerStepCount
        for _ in 0..<(try reader.readCount(limit: stepLimit)) {
            normalizations.append(try Normalization(reading: &reader))
        }
        for _ in 0..<(try reader.readCount(limit: stepLimit)) {
            splittings.append(try Splitting(reading: &reader))
        }
        wordCharacterCount = try reader.readCount(limit: Limits.vocabularyPieceByteCount)
        ignoresMerges = flags & 1 != 0
        takesLineFeedsWhole = flags & 2 != 0
        dropsFirstSpace = flags & 4 != 0
        fusesUnknown = flags & 8 != 0
        cutsLongestFirst = flags & 16 != 0
        prefixIDs = try readIDs(&reader, limit: 8)
        suffixIDs = try readIDs(&reader, limit: 8)
        let bos = try reader.readCount(limit: pieces.count)
        bosID = bos == 0 ? nil : bos - 1
        let unknown = try reader.readCount(limit: pieces.count)
        unknownID = unknown == 0 ? nil : unknown - 1
        eosIDs = try readIDs(&reader, limit: 64)
        try readChat(&reader)
    }

    private mutating func readVocabulary(_ reader: inout ByteReader) throws(WireError) {
        let count = try reader.readCount(limit: min(Limits.vocabularyCount, reader.remaining / 2))
        for _ in 0..<count {
            let byte = try reader.readUInt8()
            guard let type = PieceType(rawValue: byte & 7) else { throw .invalid }
            types.append(type)
            traits.append(PieceTraits(rawValue: byte >> 3))
            pieces.append(try reader.readBlob(limit: Limits.vocabularyPieceByteCount))
        }
        switch kind {
        case .sentencePiece:
            for _ in 0..<count {
                scores.append(Double(Float(bitPattern: try reader.readUInt32())))
            }
        case .unigram:
            for _ in 0..<count { scores.append(Double(bitPattern: try reader.readUInt64())) }
        default: break
        }
        let mergeCount = try reader.readCount(
            limit: min(Limits.vocabularyCount, reader.remaining / 3))
        merges.reserveCapacity(mergeCount)
        for _ in 0..<mergeCount {
            merges.append(
                Merge(
                    left: try reader.readCount(limit: count),
                    right: try reader.readCount(limit: count),
                    result: try reader.readCount(limit: count)))
        }
    }

    private func readIDs(_ reader: inout ByteReader, limit: Int) throws(WireError) -> [Int] {
        var ids: [Int] = []
        for _ in 0..<(try reader.readCount(limit: limit)) {
            ids.append(try reader.readCount(limit: pieces.count))
        }
        return ids
    }
}
