internal import CKernels

/// How a product is cut into parts, so that a member's parts lie together in a local loop: of many
/// rows each member takes its own, of few its own panels.
struct ProductParts {
    private let rowCount: Int
    private let rowsPerPart: Int
    private let stripeCount: Int
    private let panelCount: Int
    /// Panels of a member, where members have panels of their own.
    private let panelsPerMember: Int
    private let shares: PanelShares
    let count: Int

    private static let rowsMost = 256
    /// With fewer rows for each, a member would wait for weights that all of them read.
    private static let rowsPerMember = 16

    /// - Parameter least: panels that the kernel takes together.
    init(_ product: bored_product, panelCount: Int, memberCount: Int, least: Int) {
        let (rowCount, inputCount) = unsafe (product.row_count, product.input_count)
        let isByRows = rowCount >= Self.rowsPerMember * memberCount
        let ownRows = isByRows ? (rowCount + memberCount - 1) / memberCount : rowCount
        let rowWork = 2 * PanelMatrix.panelWidth * inputCount
        rowsPerPart = min(ownRows, Self.rowsMost, max(1, Kernels.workLimit / rowWork))
        stripeCount = (rowCount + rowsPerPart - 1) / rowsPerPart
        let sharerCount = isByRows ? 1 : max(1, min(memberCount, panelCount / least))
        panelsPerMember = (panelCount + sharerCount - 1) / sharerCount
        shares = PanelShares(
            panelCount: panelsPerMember, panelWork: rowsPerPart * inputCount, least: least)
        count = sharerCount * stripeCount * shares.count
        self.rowCount = rowCount
        self.panelCount = panelCount
    }

    /// No panels where the last member has fewer than others.
    subscript(index: Int) -> (rows: Range<Int>, panels: Range<Int>) {
        let (sharer, own) = index.quotientAndRemainder(dividingBy: stripeCount * shares.count)
        let (stripe, part) = own.quotientAndRemainder(dividingBy: shares.count)
        let row = stripe * rowsPerPart
        let panels = shares[part]
        let first = min(panelCount, sharer * panelsPerMember + panels.lowerBound)
        let end = min(panelCount, sharer * panelsPerMember + panels.upperBound)
        return (row..<min(rowCount, row + rowsPerPart), first..<end)
    }
}

/// How a member's panels are cut: into large parts first, which keep reading ahead, and small ones
/// at the end, which others may take over, so that nobody waits long for who is the last.
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
    init(panelCount: Int, panelWork: Int, least: Int) {
        self.panelCount = panelCount
        let wanted = min(Self.most, panelCount * 3 / 8, Self.work / max(1, panelWork))
        small = min(least, panelCount)
        large = max(wanted / least * least, small)
        // The last large part leaves as much again in small ones.
        let tail = large > small ? min(panelCount, large) : 0
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
