import CKernels

/// Zeroed memory with one owner; the base of both buffers.
@safe struct OwnedMemory: ~Copyable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int) {
        precondition(byteCount >= 0)
        guard let memory = unsafe bored_allocate(byteCount) else {
            fatalError("no memory for \(byteCount) bytes")
        }
        unsafe base = memory
        self.byteCount = byteCount
    }

    deinit { unsafe bored_free(base, byteCount) }
}

/// Float32 numbers: 64-byte aligned, zeroed, freed with their owner. Large ones ask for huge pages.
@safe public struct FloatBuffer: ~Copyable {
    private let memory: OwnedMemory
    public let count: Int

    public init(count: Int) {
        memory = OwnedMemory(byteCount: count * MemoryLayout<Float>.stride)
        self.count = count
    }

    // The memory holds `count` floats for as long as `self` lives; every user checks its range.
    var base: UnsafeMutablePointer<Float> {
        unsafe memory.base.assumingMemoryBound(to: Float.self)
    }

    public subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count)
            return unsafe base[index]
        }
        set {
            precondition(index >= 0 && index < count)
            unsafe base[index] = newValue
        }
    }

    public func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe Span(_unsafeStart: base, count: count))
    }

    public mutating func withMutableSpan<Result, Failure: Error>(
        _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var span = unsafe MutableSpan(_unsafeStart: base, count: count)
        return try body(&span)
    }

    /// The numbers as an array: for tests, logs and the wire.
    public func array(_ range: Range<Int>? = nil) -> [Float] {
        let range = range ?? 0..<count
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// Replaces the numbers from `offset` on.
    public mutating func write(_ numbers: [Float], at offset: Int = 0) {
        precondition(offset >= 0 && numbers.count <= count - offset)
        for (index, number) in numbers.enumerated() { unsafe base[offset + index] = number }
    }
}

/// Where the rows of an operand lie in its buffer: row r starts at `offset + r * stride`.
public struct RowLayout: Sendable, Hashable {
    public let offset: Int
    public let stride: Int

    public init(offset: Int = 0, stride: Int) {
        precondition(offset >= 0 && stride >= 0)
        self.offset = offset
        self.stride = stride
    }

    /// The rows from row `rowCount` on.
    public func advanced(by rowCount: Int) -> RowLayout {
        RowLayout(offset: offset + rowCount * stride, stride: stride)
    }

    /// Traps unless `rowCount` rows of `width` lie inside `count`.
    func check(rowCount: Int, width: Int, within count: Int) {
        precondition(rowCount >= 0 && width >= 0 && (width <= stride || rowCount <= 1))
        precondition(rowCount == 0 || offset + (rowCount - 1) * stride + width <= count)
    }
}
