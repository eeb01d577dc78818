import Testing

@testable import Tensors

@Suite struct PanelSharesTests {
    @Test(arguments: [1, 2, 3, 4, 5, 8, 23, 24, 64, 96, 512, 1_001], [2, 3, 4])
    func `parts cover every panel once, and end in small ones`(panels: Int, least: Int) {
        for members in [1, 2, 3, 16] {
            for work in [1, 2_048, 65_536, 1 << 22] {
                let shares = PanelShares(
                    panelCount: panels, panelWork: work, memberCount: members, least: least)
                let parts = (0..<shares.count).map { shares[$0] }
                #expect(parts.flatMap { Array($0) } == Array(0..<panels))
                #expect(parts.allSatisfy { !$0.isEmpty && $0.count <= max(8, least) })
                #expect(parts.dropLast().allSatisfy { $0.count % least == 0 })
                #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.count >= $1.count })
                #expect((parts.last?.count ?? 0) <= least)
            }
        }
    }
}
