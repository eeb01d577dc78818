import Tensors

/// A piece whose size and header were compared with what its shape prescribes: sections can be
/// looked at without further checks.
struct PieceView {
    let bytes: WeightBytes
    let layout: PieceLayout

    init(_ bytes: WeightBytes, layout: PieceLayout) throws(ModelError) {
        guard bytes.byteCount == layout.byteCount else {
            throw .wrongPieceSize(expected: layout.byteCount, actual: bytes.byteCount)
        }
        guard bytes.bytes(in: 0..<PieceLayout.headerByteCount) == layout.header else {
            throw .wrongPieceHeader
        }
        self.bytes = bytes
        self.layout = layout
    }

    func vector(_ role: PieceLayout.Role) -> FloatVector {
        let section = section(role)
        return FloatVector(
            bytes: bytes, byteOffset: section.offset, count: section.columnCount)
    }

    func matrix(_ role: PieceLayout.Role) -> PanelMatrix { matrix([role]) }

    /// Neighbouring matrices as one; all but the last must end with a whole panel.
    func matrix(_ roles: [PieceLayout.Role]) -> PanelMatrix {
        let first = section(roles[0])
        let rowCount = roles.reduce(0) { $0 + section($1).rowCount }
        return PanelMatrix(
            bytes: bytes, byteOffset: first.offset, outputCount: rowCount,
            inputCount: first.columnCount)
    }

    func section(_ role: PieceLayout.Role) -> PieceLayout.Section {
        guard let section = layout.section(role) else {
            preconditionFailure("this kind of piece has no \(role.rawValue)")
        }
        return section
    }
}
