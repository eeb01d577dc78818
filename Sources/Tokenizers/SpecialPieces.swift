/// Finds the pieces that are cut out of a text before it is tokenized.
struct SpecialPieces: Sendable {
    enum Fragment {
        case plain(ArraySlice<UInt8>)
        case special(Int)
    }

    private struct Special {
        var bytes: [UInt8]
        var id: Int
        var isControl: Bool
    }

    /// By first byte, the longest first.
    private var byFirstByte: [[Special]] = Array(repeating: [], count: 256)
    private let stripsAfter: Bool

    init(_ model: TokenizerModel) {
        stripsAfter = model.stripsAfterSpecial
        for id in model.pieces.indices where model.isSpecial(id) {
            guard let first = model.pieces[id].first else { continue }
            byFirstByte[Int(first)].append(
                Special(
                    bytes: model.pieces[id], id: id, isControl: model.types[id] != .userDefined))
        }
        for index in byFirstByte.indices {
            byFirstByte[index].sort { ($1.bytes.count, $0.id) < ($0.bytes.count, $1.id) }
        }
    }

    /// The text in order; at each place the longest special piece wins. Control pieces count only
    /// where `parsesControl`.
    func fragments(of text: [UInt8], parsesControl: Bool) -> [Fragment] {
        var fragments: [Fragment] = []
        var (start, index) = (0, 0)
        while index < text.count {
            guard let match = match(text, at: index, parsesControl: parsesControl) else {
                index += 1
                continue
            }
            if start < index { fragments.append(.plain(text[start..<index])) }
            fragments.append(.special(match.id))
            index += match.bytes.count
            if stripsAfter, match.isControl {
                while index < text.count, isASCIISpace(text[index]) { index += 1 }
            }
            start = index
        }
        if start < text.count { fragments.append(.plain(text[start...])) }
        return fragments
    }

    private func match(_ text: [UInt8], at index: Int, parsesControl: Bool) -> Special? {
        byFirstByte[Int(text[index])].first { special in
            (parsesControl || !special.isControl) && text[index...].starts(with: special.bytes)
        }
    }

    private func isASCIISpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}
