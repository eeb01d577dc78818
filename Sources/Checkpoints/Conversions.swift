/// What becomes of the matrices of one type in an import.
public struct Conversion: Hashable, Sendable {
    public var from: ElementType
    public var to: ElementType
    public var tensorCount: Int

    /// Whether every number stays what it is.
    public var isExact: Bool { to != .f16 || from == .f16 }
}

extension Checkpoint {
    /// Types of matrices and the types in which they are kept, those of most tensors first.
    public var conversions: [Conversion] {
        var conversions: [Conversion] = []
        for tensor in tensors where tensor.shape.count > 1 {
            if let index = conversions.firstIndex(where: { $0.from == tensor.type }) {
                conversions[index].tensorCount += 1
            } else {
                conversions.append(
                    Conversion(from: tensor.type, to: tensor.type.storage, tensorCount: 1))
            }
        }
        return conversions.sorted { $0.tensorCount > $1.tensorCount }
    }
}
