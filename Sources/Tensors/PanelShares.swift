/// How the panels of a product are cut into parts: large ones first, which keep reading ahead, and
/// small ones at the end, so that nobody waits long for who is the last.
struct PanelShares {
    private let panelCount: Int
    private let large: Int
    private let largeCount: Int
    private let small: Int

    /// Multiply-adds of a large part, where it is larger than a small one.
    private static let work = 1 << 21
    private static let most = 32

    /// - Parameters:
    ///   - panelWork: multiply-adds of one panel.
    ///   - least: panels that the kernel takes together.
    init(panelCount: Int, panelWork: Int, memberCount: Int, least: Int) {
        self.panelCount = panelCount
        let even = panelCount * 3 / (8 * memberCount)
        let wanted = min(Self.most, even, Self.work / max(1, panelWork))
        small = min(least, panelCount)
        large = max(wanted / least * least, small)
        // The last large part of each member leaves as much again in small ones.
        let tail = large > small ? min(panelCount, large * memberCount) : 0
        largeCount = (panelCount - tail) / large
    }

    /// How many parts there are.
    var count: Int { largeCount + (panelCount - largeCount * large + small - 1) / small }

    subscript(part: Int) -> Range<Int> {
        let isLarge = part < largeCount
        let begin = isLarge ? part * large : largeCount * large + (part - largeCount) * small
        return begin..<min(panelCount, begin + (isLarge ? large : small))
    }
}
