internal import Pipelines
internal import Placement
internal import Primitives

/// Places of a chain that stand side by side and are to be filled anew.
struct Gap: Sendable {
    var places: Range<Int>
    var layers: LayerRange
    var ends: ChainEnds

    /// The gaps of a chain, each with `reach` sound places on either side.
    static func all(in chain: [ChainPlace], reach: Int) -> [Gap] {
        let isGap = chain.indices.map { place in
            chain[max(0, place - reach)..<min(chain.count, place + reach + 1)]
                .contains(where: \.isLost)
        }
        var gaps: [Gap] = []
        for place in chain.indices where isGap[place] {
            if let last = gaps.last, last.places.upperBound == place {
                gaps[gaps.count - 1].places = last.places.lowerBound..<place + 1
                gaps[gaps.count - 1].layers.upper = chain[place].layers.upper
            } else {
                let from = place > 0 ? chain[place - 1].node : nil
                gaps.append(
                    Gap(
                        places: place..<place + 1, layers: chain[place].layers,
                        ends: ChainEnds(from: from)))
            }
            let next = place + 1 < chain.count ? chain[place + 1].node : nil
            gaps[gaps.count - 1].ends.to = next
        }
        return gaps
    }
}
