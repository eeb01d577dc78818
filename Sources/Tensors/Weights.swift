import CKernels

/// Immutable weights memory that views share: 64-byte aligned, with huge pages asked for.
@safe public final class WeightBytes: Sendable {
    // Written only before `init` returns, freed only in `deinit`: sharing it is safe.
    nonisolated(unsafe) let base: UnsafeMutableRawPointer
    public let byteCount: Int

    /// Zeroed memory that `fill` writes; what it throws is thrown on.
    public init<Failure: Error>(
        byteCount: Int, fill: (inout MutableRawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(byteCount >= 0)
        guard let memory = unsafe bored_allocate(byteCount) else {
            fatalError("no memory for \(byteCount) bytes of weights")
        }
        unsafe base = memory
        self.byteCount = byteCount
        var span = unsafe MutableRawSpan(_unsafeStart: memory, byteCount: byteCount)
        try fill(&span)
    }

    public convenience init(copying bytes: [UInt8]) {
        self.init(byteCount: bytes.count) { span in span.write(bytes, at: 0) }
    }

    deinit { unsafe bored_free(base, byteCount) }
}

extension MutableRawSpan {
    /// Copies `bytes` to `byteOffset`; traps where they don't fit.
    public mutating func write(_ bytes: [UInt8], at byteOffset: Int) {
        precondition(byteOffset >= 0 && bytes.count <= byteCount - byteOffset)
        unsafe withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in
                guard let first = source.baseAddress, let base = target.baseAddress else { return }
                // Inside the span: checked above.
                unsafe (base + byteOffset).copyMemory(from: first, byteCount: source.count)
            }
        }
    }
}

/// A matrix of `outputCount` rows of `inputCount` numbers of one format, in panels of 32 rows
/// (Protocol.md, exact-1, "Panels"), inside weights memory.
@safe public struct PanelMatrix: Sendable {
    public static let panelWidth = Int(BORED_PANEL_WIDTH)

    public let outputCount: Int
    public let inputCount: Int
    public let format: WeightFormat
    let bytes: WeightBytes
    let byteOffset: Int

    /// Traps unless the offset is a multiple of 64 and the whole matrix lies inside `bytes`.
    public init(
        bytes: WeightBytes, byteOffset: Int, outputCount: Int, inputCount: Int,
        format: WeightFormat = .float16
    ) {
        let byteCount = Self.byteCount(
            outputCount: outputCount, inputCount: inputCount, format: format)
        precondition(byteOffset >= 0 && byteOffset % 64 == 0)
        precondition(byteCount <= bytes.byteCount && byteOffset <= bytes.byteCount - byteCount)
        self.bytes = bytes
        self.byteOffset = byteOffset
        self.outputCount = outputCount
        self.inputCount = inputCount
        self.format = format
    }

    public var panelCount: Int { (outputCount + Self.panelWidth - 1) / Self.panelWidth }
    var panelByteCount: Int { bored_panel_bytes(format.code, inputCount) }

    /// Bytes of such a matrix in panels: always a multiple of 64. Traps unless the format holds
    /// rows of `inputCount` numbers.
    public static func byteCount(
        outputCount: Int, inputCount: Int, format: WeightFormat = .float16
    ) -> Int {
        precondition(outputCount > 0 && format.holds(inputCount: inputCount))
        return (outputCount + panelWidth - 1) / panelWidth
            * bored_panel_bytes(format.code, inputCount)
    }

    // Inside `bytes`, which this value keeps alive; checked by `init`.
    var base: UnsafePointer<UInt8> {
        unsafe UnsafePointer((bytes.base + byteOffset).assumingMemoryBound(to: UInt8.self))
    }

    /// Panel bytes (little-endian, as in a model piece) of rows given one after the other as
    /// half-precision bits.
    public static func pack(rows: [UInt16], outputCount: Int, inputCount: Int) -> [UInt8] {
        unsafe rows.withUnsafeBytes {
            unsafe pack(
                $0, outputCount: outputCount, inputCount: inputCount, format: .float16)
        }
    }

    /// Panel bytes of rows given one after the other as a checkpoint has them: blocks of GGML, or
    /// little-endian halves.
    public static func pack(
        bytes rows: [UInt8], outputCount: Int, inputCount: Int, format: WeightFormat
    ) -> [UInt8] {
        unsafe rows.withUnsafeBytes {
            unsafe pack($0, outputCount: outputCount, inputCount: inputCount, format: format)
        }
    }

    private static func pack(
        _ rows: UnsafeRawBufferPointer, outputCount: Int, inputCount: Int, format: WeightFormat
    ) -> [UInt8] {
        let byteCount = byteCount(
            outputCount: outputCount, inputCount: inputCount, format: format)
        precondition(rows.count == outputCount * format.rowByteCount(inputCount: inputCount))
        var panels = [UInt8](repeating: 0, count: byteCount)
        // Both hold what their counts promise; padding stays zero.
        unsafe bored_pack(
            format.code, rows.baseAddress, 0, outputCount, inputCount, &panels)
        return panels
    }
}

/// Float32 weights (of a norm) inside weights memory.
@safe public struct FloatVector: Sendable {
    public let count: Int
    let bytes: WeightBytes
    let byteOffset: Int

    /// Traps unless the offset is a multiple of 4 and `count` floats lie inside `bytes`.
    public init(bytes: WeightBytes, byteOffset: Int, count: Int) {
        precondition(count >= 0 && count <= bytes.byteCount / 4)
        precondition(byteOffset >= 0 && byteOffset % 4 == 0)
        precondition(byteOffset <= bytes.byteCount - 4 * count)
        self.bytes = bytes
        self.byteOffset = byteOffset
        self.count = count
    }

    // Inside `bytes`, which this value keeps alive; checked by `init`.
    var base: UnsafePointer<Float> {
        unsafe UnsafePointer((bytes.base + byteOffset).assumingMemoryBound(to: Float.self))
    }

    public subscript(index: Int) -> Float {
        precondition(index >= 0 && index < count)
        return unsafe base[index]
    }
}
