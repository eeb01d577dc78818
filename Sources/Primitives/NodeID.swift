/// A value that is thirty-two bytes and nothing else: an id, a digest, a public key.
public protocol Bytes32Value: Hashable, Comparable, Sendable, CustomStringConvertible {
    var raw: Bytes32 { get }
    init(_ raw: Bytes32)
}

extension Bytes32Value {
    @inline(always)
    public static func < (left: Self, right: Self) -> Bool { left.raw < right.raw }

    public var bytes: [UInt8] { raw.bytes }

    /// The first eight hexadecimal digits: enough for a person, too few for a protocol.
    public var short: String { String(raw.hexadecimal.prefix(8)) }

    public var description: String { raw.hexadecimal }
}

/// A node's position in the key space: BLAKE2b-256 over its key and the work done for it
/// (Protocol.md, "Identity"; S/Kademlia section 4.1).
public struct NodeID: Bytes32Value {
    public var raw: Bytes32

    @inline(always)
    public init(_ raw: Bytes32) { self.raw = raw }

    /// Kademlia's XOR metric (Maymounkov and Mazieres 2002, section 2.1).
    @inline(always)
    public func distance(to other: NodeID) -> Bytes32 { raw ^ other.raw }

    /// 256 for the farthest half of the space, 1 for the nearest neighbour, 0 for this node itself.
    @inline(always)
    public func logDistance(to other: NodeID) -> Int {
        256 - distance(to: other).leadingZeroBitCount
    }
}

/// A BLAKE2b-256 digest; models, pieces and chunks are named by theirs.
public struct Digest: Bytes32Value {
    public var raw: Bytes32

    @inline(always)
    public init(_ raw: Bytes32) { self.raw = raw }
}

/// A public key, Ed25519 or X25519.
public struct PublicKey: Bytes32Value {
    public var raw: Bytes32

    @inline(always)
    public init(_ raw: Bytes32) { self.raw = raw }
}
