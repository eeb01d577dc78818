public import Primitives

/// What fails together with a node: whatever else its owner lends, whatever hangs on the same
/// line, whatever stands in the same region. Numbers only; equal numbers are one domain.
public struct FailureDomain: Hashable, Sendable {
    /// The owner or fleet; a node of an unknown owner is its own.
    public var owner: UInt64
    /// The address prefix: /24 or /48.
    public var prefix: UInt64
    /// The region, 0 where nobody says.
    public var region: UInt64

    public init(owner: UInt64, prefix: UInt64, region: UInt64) {
        self.owner = owner
        self.prefix = prefix
        self.region = region
    }

    /// The domain of a node of which nothing but its id is known.
    public init(of id: NodeID) {
        self.init(owner: id.raw.first, prefix: id.raw.first, region: 0)
    }
}

/// Those who hold one layer, as far as its safety goes.
struct Holders: Sendable {
    private(set) var count = 0
    private var first = FailureDomain(owner: 0, prefix: 0, region: 0)
    private var isOfSeveralOwners = false
    private var isOfSeveralPrefixes = false
    private var isOfSeveralRegions = false

    mutating func add(_ domain: FailureDomain) {
        count += 1
        guard count > 1 else {
            first = domain
            return
        }
        if domain.owner != first.owner { isOfSeveralOwners = true }
        if domain.prefix != first.prefix { isOfSeveralPrefixes = true }
        if first.region == 0 {
            first.region = domain.region
        } else if domain.region != 0, domain.region != first.region {
            isOfSeveralRegions = true
        }
    }

    /// What the layer is worth so, in quarters of what a second holder adds: nothing without a
    /// holder, and much with the first; the second adds four, one that stands apart in owner and
    /// address a quarter of that, another region as much, and each holder from the third up to
    /// `target` as much.
    ///
    /// Several owners and several prefixes among the holders imply two holders that differ in
    /// both: pairs of a graph of which all meet have one end in common.
    func worth(target: Int) -> Int {
        guard count > 0 else { return 0 }
        guard count > 1 else { return 16 }
        var worth = 20
        if isOfSeveralOwners, isOfSeveralPrefixes {
            worth += 1
            if isOfSeveralRegions { worth += 1 }
        }
        return worth + max(0, min(count, target) - 2)
    }
}
