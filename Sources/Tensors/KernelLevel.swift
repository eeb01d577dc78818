import CKernels

/// Which instructions do the arithmetic. Every level gives the same bits (`exact-1`).
public enum KernelLevel: String, Sendable, CaseIterable {
    case scalar, avx2, avx512, neon

    /// The fastest level of this machine.
    public static var detected: KernelLevel {
        let code = bored_level_detected()
        return allCases.first { $0.code == code } ?? .scalar
    }

    /// Whether this machine can run it.
    public var isSupported: Bool { bored_level_supported(code) != 0 }

    /// The level of a name as people type it, in any case; nil where no level has that name.
    public init?(named name: some StringProtocol) { self.init(rawValue: name.lowercased()) }

    var code: CInt {
        switch self {
        case .scalar: CInt(BORED_SCALAR)
        case .avx2: CInt(BORED_AVX2)
        case .avx512: CInt(BORED_AVX512)
        case .neon: CInt(BORED_NEON)
        }
    }
}

/// The operations of a forward pass, at one level. Protocol.md fixes their bits.
///
/// A row's result never depends on the rows beside it, nor on how a crew shares out the parts.
public struct Kernels: Sendable {
    public let level: KernelLevel

    /// Traps where this machine can't run `level`.
    public init(level: KernelLevel) {
        precondition(level.isSupported, "this machine can't run the kernel level")
        self.level = level
    }

    var code: CInt { level.code }

    /// Panels that so many rows read side by side.
    func panelsTogether(rowCount: Int, format: CInt) -> Int {
        if level == .avx512 {
            return rowCount == 1 || format == WeightFormat.float16.code && rowCount <= 3 ? 4 : 2
        }
        let mostRows = level == .avx2 && format == WeightFormat.float16.code ? 4 : 1
        return rowCount <= mostRows ? 3 : 2
    }

    /// Streams in which a member reads its panels. Several rows read several only where the
    /// registers have room for what goes side by side, and quantised panels only where that was
    /// measured (the files of the levels say how many: STREAMS, ROW_STREAMS and the like).
    func streamCount(rowCount: Int, format: CInt) -> Int {
        let isHalf = format == WeightFormat.float16.code
        let mostRows =
            switch level {
            case .scalar, .neon: isHalf ? 1 : 0
            case .avx2: isHalf ? 4 : 6
            case .avx512: isHalf ? 7 : 0
            }
        return rowCount <= mostRows ? panelsTogether(rowCount: rowCount, format: format) : 1
    }
}
