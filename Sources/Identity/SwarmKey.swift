public import Primitives

/// Which swarm a node belongs to. Nodes of different swarms can't read each other's first packet.
public struct SwarmKey: Hashable, Sendable {
    public let digest: Digest

    /// The key of a swarm's name; the name may be public, so this separates and does not protect.
    public init(name: String) { digest = Digest.of(Array(name.utf8), for: .swarm) }
}
