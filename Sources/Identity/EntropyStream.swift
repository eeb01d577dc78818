public import Primitives

/// Secret bytes that follow from a 32-byte seed: the shell draws the seed from the system, the
/// simulator from its own generator, and cores stay repeatable.
///
/// Each draw is `BLAKE2b-256(seed, 1)` and leaves the seed `BLAKE2b-256(seed, 0)` behind (fast key
/// erasure), so that whoever reads the state later can't compute what was drawn before.
public struct EntropyStream: Sendable {
    private var seed: Bytes32

    public init(seed: Bytes32) { self.seed = seed }

    public mutating func next32() -> Bytes32 {
        let drawn = Digest.of(Digest(seed), 1, for: .entropy).raw
        seed = Digest.of(Digest(seed), 0, for: .entropy).raw
        return drawn
    }

    public mutating func nextUInt64() -> UInt64 { next32().first }
    public mutating func nextUInt32() -> UInt32 { UInt32(truncatingIfNeeded: next32().first) }
}
