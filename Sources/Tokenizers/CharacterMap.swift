import Primitives

/// SentencePiece's compiled table of replacements (`precompiled_charsmap` of its `NormalizerSpec`):
/// a double-array trie (Yata et al. 2007) over the bytes of what is replaced, and the replacements.
///
/// Four bytes say how long the trie is; it is made of units of 32 bits, low byte first. Of a unit,
/// bits 0 to 7 and 31 are its label, bit 8 says that a key ends here, bits 10 to 30 are the offset
/// of its children, in steps of 256 where bit 9 is set. A key's value, the unit at that offset, is
/// where its replacement begins in what follows the trie; a zero byte ends each replacement.
struct CharacterMap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]

    /// Throws where the trie does not end within `bytes`, or replacements are not UTF-8.
    init(_ bytes: [UInt8]) throws(TokenizerError) {
        var reader = ByteReader(bytes)
        var units: [UInt32] = []
        do throws(WireError) {
            let byteCount = Int(try reader.readUInt32())
            guard byteCount % 4 == 0, byteCount <= reader.remaining else { throw .invalid }
            units.reserveCapacity(byteCount / 4)
            for _ in 0..<byteCount / 4 { units.append(try reader.readUInt32()) }
        } catch {
            throw .invalid(
                place: "table of replacements", expected: "a length and a trie of that length",
                found: "\(bytes.count) bytes that are not")
        }
        self.units = units
        replacements = Array(bytes[reader.index...])
        guard String(validating: replacements, as: UTF8.self) != nil else {
            throw .invalid(
                place: "table of replacements", expected: "UTF-8 behind the trie",
                found: "other bytes")
        }
    }

    /// What replaces the longest key that `text` begins with, and that key's length in bytes.
    func longest(_ text: ArraySlice<UInt8>) -> (replacement: ArraySlice<UInt8>, byteCount: Int)? {
        var found: (value: UInt32, byteCount: Int)?
        forEachKey(text) { value, byteCount in
            found = (value, byteCount)
            return true
        }
        guard let found, let replacement = replacement(at: found.value) else { return nil }
        return (replacement, found.byteCount)
    }

    /// What replaces the shortest key that `text` begins with.
    func shortest(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var found: UInt32?
        forEachKey(text) { value, _ in
            found = value
            return false
        }
        return found.flatMap { replacement(at: $0) }
    }

    /// Calls `body` with the keys that `text` begins with, the shortest first, while it is true. A
    /// key that ends inside of a character would leave the rest of it behind, and is none.
    private func forEachKey(
        _ text: ArraySlice<UInt8>, _ body: (_ value: UInt32, _ byteCount: Int) -> Bool
    ) {
        guard let root = units.first else { return }
        var place = Int(Self.offset(root))
        for (index, byte) in text.enumerated() {
            place ^= Int(byte)
            guard byte != 0, place < units.count, units[place] & 0x8000_00FF == UInt32(byte) else {
                return
            }
            let unit = units[place]
            place ^= Int(Self.offset(unit))
            let end = text.startIndex + index + 1
            let isInCharacter = end < text.endIndex && text[end] & 0xC0 == 0x80
            guard unit >> 8 & 1 == 1, !isInCharacter else { continue }
            guard place < units.count, body(units[place] & 0x7FFF_FFFF, index + 1) else { return }
        }
    }

    private static func offset(_ unit: UInt32) -> UInt32 { (unit >> 10) << ((unit & 0x200) >> 6) }

    /// Nil where a broken table points behind its end, or into a character.
    private func replacement(at value: UInt32) -> ArraySlice<UInt8>? {
        let start = Int(value)
        guard start < replacements.count, replacements[start] & 0xC0 != 0x80 else { return nil }
        return replacements[start...].prefix { $0 != 0 }
    }
}

extension CharacterMap {
    /// The text with everything replaced that the table has. UTF-8 in, UTF-8 out; nil where that
    /// would be longer than the limit.
    func replaced(
        _ text: [UInt8], _ reading: Normalization.TableReading, limit: Int
    ) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        switch reading {
        case .longest:
            var index = 0
            while index < text.count {
                let found = longest(text[index...])
                let count = found?.byteCount ?? characterByteCount(text[index])
                let new = found?.replacement ?? text[index..<min(text.count, index + count)]
                guard result.count + new.count <= limit else { return nil }
                result += new
                index += count
            }
        case .clusters:
            var isOver = false
            func add(_ new: ArraySlice<UInt8>) {
                isOver = isOver || result.count + new.count > limit
                if !isOver { result += new }
            }
            UnicodeText.forEachCluster(of: text) { cluster in
                if cluster.count < 6, let replacement = shortest(cluster) {
                    return add(replacement)
                }
                for start in characterStarts(cluster) {
                    let end = start + characterByteCount(cluster[start])
                    let character = cluster[start..<min(end, cluster.endIndex)]
                    add(shortest(character) ?? character)
                }
            }
            if isOver { return nil }
        }
        return result
    }

    private func characterByteCount(_ lead: UInt8) -> Int {
        lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    }
}
