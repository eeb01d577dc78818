import Tensors

/// A piece whose size and header were compared with what its shape prescribes: sections can be
/// looked at without further checks.
struct PieceView {
    let bytes: WeightBytes
    let layout: PieceLayout

    /// Looks at piece `index` of a model: 0 is the ends, every other a layer.
    init(_ bytes: WeightBytes, index: Int, shape: ModelShape) throws(ModelError) {
        guard bytes.byteCount >= PieceLayout.headerByteCount else {
            throw .wrongPieceSize(
                expected: PieceLayout.piece(index, of: shape).byteCount, actual: bytes.byteCount)
        }
        layout = try .piece(
            index, of: shape, header: bytes.bytes(in: 0..<PieceLayout.headerByteCount))
        guard bytes.byteCount == layout.byteCount else {
            throw .wrongPieceSize(expected: layout.byteCount, actual: bytes.byteCount)
        }
        self.bytes = bytes
    }

    func vector(_ role: PieceLayout.Role) -> FloatVector {
        guard let vector = optionalVector(role) else {
            preconditionFailure("this kind of piece has no \(role.rawValue)")
        }
        return vector
    }

    /// A vector that only some shapes have.
    func optionalVector(_ role: PieceLayout.Role) -> FloatVector? {
        layout.section(role).map {
            FloatVector(bytes: bytes, byteOffset: $0.offset, count: $0.columnCount)
        }
    }

    func matrix(_ role: PieceLayout.Role, expert: Int = 0) -> PanelMatrix {
        matrix([role], expert: expert)
    }

    /// Matrices as few products as can be: one where all are stored alike and all but the last end
    /// with a whole panel, so that they lie behind each other as one matrix would.
    func products(_ roles: [PieceLayout.Role], expert: Int = 0) -> [PanelMatrix] {
        let sections = roles.map { section($0, expert) }
        let isOne = sections.dropLast().allSatisfy {
            $0.rowCount % PieceLayout.panelRowCount == 0 && $0.format == sections.last?.format
        }
        return isOne
            ? [matrix(roles, expert: expert)] : roles.map { matrix($0, expert: expert) }
    }

    private func matrix(_ roles: [PieceLayout.Role], expert: Int) -> PanelMatrix {
        let first = section(roles[0], expert)
        let rowCount = roles.reduce(0) { $0 + section($1, expert).rowCount }
        return PanelMatrix(
            bytes: bytes, byteOffset: first.offset, outputCount: rowCount,
            inputCount: first.columnCount, format: first.format.weightFormat ?? .float16)
    }

    func section(_ role: PieceLayout.Role, _ expert: Int = 0) -> PieceLayout.Section {
        guard let section = layout.section(role, expert: expert) else {
            preconditionFailure("this kind of piece has no \(role.rawValue)")
        }
        return section
    }
}
