import Identity
import Pipelines
import Primitives

/// Who is to take the place of a lost stage, or of one that leaves.
extension Rig {
    func gaps(of request: RequestID) -> [LayerRange] {
        var gaps: [LayerRange] = []
        for place in members[0].core.chain(of: request) where place.isLost {
            if let last = gaps.last, last.upper == place.layers.lower {
                gaps[gaps.count - 1].upper = place.layers.upper
            } else {
                gaps.append(place.layers)
            }
        }
        return gaps
    }

    /// Nodes that hold exactly the parts of a gap, are up, and stand nowhere in the chain: first
    /// one for all of it, else one after the other.
    func spare(for gap: LayerRange) -> [ChainLink]? {
        guard let request else { return nil }
        let taken = members[0].core.chain(of: request).filter { !$0.isLost }.map(\.node)
        let lost = losses.filter { $0.cause != .givenUp }.map(\.node)
        var free = members.dropFirst().filter { member in
            member.isAlive && member.waiting == nil && !taken.contains(member.keys.id)
        }
        // Whoever was lost before comes last.
        free =
            free.filter { !lost.contains($0.keys.id) } + free.filter { lost.contains($0.keys.id) }
        if let whole = free.first(where: { $0.layers == gap }) { return [whole.link] }
        var (place, links) = (gap.lower, [ChainLink]())
        while place < gap.upper {
            guard
                let next = free.first(where: {
                    $0.layers.lower == place && $0.layers.upper <= gap.upper
                })
            else { return nil }
            links.append(next.link)
            place = next.layers.upper
        }
        return links
    }

    /// A node that holds these layers and stands nowhere in the chain.
    func spareHeir(for layers: LayerRange, besides: [Int]) -> ChainLink? {
        guard let request else { return nil }
        let taken = members[0].core.chain(of: request).map(\.node)
        return members.indices.dropFirst().first { number in
            members[number].layers == layers && !besides.contains(number)
                && !taken.contains(members[number].keys.id)
        }.map { members[$0].link }
    }
}
