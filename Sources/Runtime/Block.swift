import Glibc
import Primitives

/// Memory for some bytes of a file, aligned as disks want it. One thread at a time holds it.
@safe
final class Block: Sendable {
    static let byteCount = Limits.importBlockByteCount
    /// What the pages of memory and the sectors of disks are multiples or parts of.
    static let alignment = 4_096

    // Whoever holds the block is alone with it: it goes from hand to hand.
    nonisolated(unsafe) private let memory: UnsafeMutableRawPointer

    init() {
        unsafe memory = .allocate(byteCount: Self.byteCount, alignment: Self.alignment)
    }

    deinit { unsafe memory.deallocate() }

    /// Copies a part of `bytes`. Traps where it does not fit.
    func write(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        precondition(offset >= 0 && bytes.count <= Self.byteCount - offset)
        unsafe bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            // Inside the block: checked above.
            unsafe (memory + offset).copyMemory(from: base, byteCount: source.count)
        }
    }

    /// Calls `body` with the first `count` bytes, which were written.
    func withBytes<Result>(_ count: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        precondition((0...Self.byteCount).contains(count))
        // Inside the block: checked above.
        let bytes = unsafe UnsafeRawBufferPointer(start: memory, count: count)
        return unsafe body(Span(_unsafeBytes: bytes))
    }

    /// Writes the bytes from `start` up to `end` to a file, at `offset` there, as many as it takes
    /// at once: what pwrite(2) says.
    func write(from start: Int, upTo end: Int, to descriptor: CInt, at offset: Int) -> Int {
        precondition(start >= 0 && start <= end && end <= Self.byteCount)
        // Inside the block: checked above.
        return unsafe pwrite(descriptor, memory + start, end - start, off_t(offset))
    }
}
