import Checkpoints
import Primitives

/// A `tokenizer.model`: SentencePiece's `ModelProto` in protocol buffers
/// (google/sentencepiece, `sentencepiece_model.proto`). Only the fields that matter here are kept.
struct SentencePieceFile {
    static let name = "tokenizer.model"

    private(set) var pieces: [[UInt8]] = []
    private(set) var scores: [Float] = []
    private(set) var types: [TokenizerModel.PieceType] = []
    /// The field is left out for unigrams.
    private(set) var kind = TokenizerModel.Kind.unigram
    private(set) var unknownID = 0
    private(set) var bosID = 1
    private(set) var eosID = 2
    private(set) var addsSpacePrefix = true
    private(set) var removesExtraSpaces = true
    /// A table of replacements before anything else; empty for models that keep text as it is.
    private(set) var replacementTable: [UInt8] = []

    init(_ bytes: [UInt8]) throws(CheckpointError) {
        try Self.forEachField(of: bytes, at: 0) { field throws(CheckpointError) in
            switch (field.number, field.value) {
            case (1, .bytes(let piece)): try appendPiece(piece, at: field.offset)
            case (2, .bytes(let trainer)): try readTrainer(trainer, at: field.offset)
            case (3, .bytes(let normalizer)): try readNormalizer(normalizer, at: field.offset)
            default: break
            }
        }
    }

    private mutating func appendPiece(_ bytes: [UInt8], at offset: Int) throws(CheckpointError) {
        pieces.append([])
        scores.append(0)
        types.append(.normal)
        guard pieces.count <= Limits.vocabularyCount else {
            throw Self.wrong(offset, "at most \(Limits.vocabularyCount) pieces", "more")
        }
        let last = pieces.count - 1
        try Self.forEachField(of: bytes, at: offset) { field throws(CheckpointError) in
            switch (field.number, field.value) {
            case (1, .bytes(let text)): pieces[last] = text
            case (2, .fixed32(let bits)): scores[last] = Float(bitPattern: bits)
            case (3, .varint(let number)):
                guard let type = UInt8(exactly: number),
                    let type = TokenizerModel.PieceType(rawValue: type)
                else { throw Self.wrong(field.offset, "a type from 1 to 6", "\(number)") }
                types[last] = type
            default: break
            }
        }
    }

    private mutating func readTrainer(_ bytes: [UInt8], at offset: Int) throws(CheckpointError) {
        try Self.forEachField(of: bytes, at: offset) { field throws(CheckpointError) in
            guard case .varint(let value) = field.value else { return }
            // Negative ids (no such piece) are ten-byte varints.
            let id = Int(Int64(bitPattern: value))
            switch field.number {
            case 3:
                let kinds: [UInt64: TokenizerModel.Kind] = [1: .unigram, 2: .sentencePiece]
                guard let known = kinds[value] else {
                    throw .unsupported(
                        file: Self.name, what: "kind of SentencePiece model", found: "\(value)",
                        supported: ["1 (unigram)", "2 (BPE)"])
                }
                kind = known
            case 24 where value != 0:
                throw .unsupported(
                    file: Self.name, what: "place of a space's mark (treat_whitespace_as_suffix)",
                    found: "behind words", supported: ["before words"])
            case 40: unknownID = id
            case 41: bosID = id
            case 42: eosID = id
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ bytes: [UInt8], at offset: Int) throws(CheckpointError) {
        try Self.forEachField(of: bytes, at: offset) { field throws(CheckpointError) in
            switch (field.number, field.value) {
            case (2, .bytes(let table)): replacementTable = table
            case (3, .varint(let value)): addsSpacePrefix = value != 0
            case (4, .varint(let value)): removesExtraSpaces = value != 0
            default: break
            }
        }
    }

    // MARK: protocol buffers

    private enum FieldValue {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes([UInt8])
    }

    private struct Field {
        var number: UInt64
        var value: FieldValue
        /// Where its value starts in the file.
        var offset: Int
    }

    private static func wrong(_ offset: Int, _ expected: String, _ found: String) -> CheckpointError
    {
        .malformed(file: name, offset: offset, expected: expected, found: found)
    }

    private static func forEachField(
        of bytes: [UInt8], at base: Int, _ body: (Field) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            let field: Field
            do throws(WireError) {
                field = try readField(&reader, base: base)
            } catch {
                throw wrong(base + reader.index, "a field of protocol buffers", "\(error) input")
            }
            try body(field)
        }
    }

    private static func readField(_ reader: inout ByteReader, base: Int) throws(WireError) -> Field
    {
        let tag = try reader.readVarint()
        let value: FieldValue
        switch tag & 7 {
        case 0: value = .varint(try reader.readVarint())
        case 1: value = .fixed64(try reader.readUInt64())
        case 2: value = .bytes(try reader.readBlob(limit: reader.remaining))
        case 5: value = .fixed32(try reader.readUInt32())
        default: throw .invalid
        }
        var offset = base + reader.index
        if case .bytes(let bytes) = value { offset -= bytes.count }
        return Field(number: tag >> 3, value: value, offset: offset)
    }
}

extension TokenizerModel {
    /// Reads `tokenizer.model`, and the pieces that files beside it add.
    init(sentencePiece region: Region, _ checkpoint: Checkpoint) throws(CheckpointError) {
        let file = try SentencePieceFile(region.bytes)
        self.init(kind: file.kind, pieces: file.pieces, types: file.types)
        scores = file.scores.map { Double($0) }
        // A byte's piece is never read in a text by its name.
        if kind == .unigram {
            for id in types.indices where types[id] == .byte { scores[id] = -.infinity }
        }
        fusesUnknown = true
        if !file.replacementTable.isEmpty {
            normalizations.append(.replacedByTable(file.replacementTable, .longest))
        }
        if file.removesExtraSpaces {
            normalizations += [
                .replacedMatches(#"\A +| +\z"#, by: ""), .replacedMatches(" +", by: " "),
            ]
        }
        if file.addsSpacePrefix {
            normalizations.append(.prefixed("▁"))
            dropsFirstSpace = true
        }
        normalizations.append(.replaced(" ", by: "▁"))
        try addPieces(of: checkpoint)
        func valid(_ id: Int) -> Int? { pieces.indices.contains(id) ? id : nil }
        let metadata = checkpoint.metadata
        let begin = try metadata.integers("tokenizer.ggml.bos_token_id")?.first.map { Int($0) }
        bosID = begin.flatMap(valid) ?? valid(file.bosID)
        unknownID = valid(file.unknownID)
        let ends = try metadata.integers("tokenizer.ggml.eos_token_id")?.map { Int($0) }
        eosIDs = ends ?? valid(file.eosID).map { [$0] } ?? []
        try keepEnds(metadata)
        if try metadata.bool("tokenizer.ggml.add_bos_token") ?? true {
            prefixIDs = [bosID].compactMap { $0 }
        }
        if try metadata.bool("tokenizer.ggml.add_eos_token") ?? false {
            suffixIDs = Array(eosIDs.prefix(1))
        }
        chatTemplate = try metadata.string("tokenizer.chat_template")
    }
}
