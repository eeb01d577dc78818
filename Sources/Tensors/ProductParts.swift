internal import CKernels

/// How a product is cut into parts, so that a member's parts lie together in a local loop: of many
/// rows each member takes its own, of few its own panels.
///
/// Where the kernel reads several panels side by side, a member's panels are so many streams, and
/// a part is a stretch of each: processors fetch ahead what goes on where the last part ended, and
/// lose time wherever a stream begins.
struct ProductParts {
    private let rowCount: Int
    private let rowsPerPart: Int
    private let stripeCount: Int
    private let panelCount: Int
    /// Panels that no stream may have are behind these.
    private let wholeCount: Int
    /// Panels of a member, where members have panels of their own.
    private let panelsPerMember: Int
    private let shares: PanelShares
    /// Parts of a member's panels for some rows: behind the shares what streams leave.
    private let partCount: Int
    /// Streams of a member.
    let streamCount: Int
    let count: Int

    private static let rowsMost = 256
    /// With fewer rows for each, a member would wait for weights that all of them read.
    private static let rowsPerMember = 16

    /// - Parameters:
    ///   - least: panels that the kernel takes together.
    ///   - streamCount: streams in which a member reads its panels of few rows.
    init(
        _ product: bored_product, panelCount: Int, memberCount: Int, least: Int, streamCount: Int
    ) {
        let (rowCount, inputCount) = unsafe (product.row_count, product.input_count)
        let isByRows = rowCount >= Self.rowsPerMember * memberCount
        let ownRows = isByRows ? (rowCount + memberCount - 1) / memberCount : rowCount
        let rowWork = 2 * PanelMatrix.panelWidth * inputCount
        rowsPerPart = min(ownRows, Self.rowsMost, max(1, Kernels.workLimit / rowWork))
        stripeCount = (rowCount + rowsPerPart - 1) / rowsPerPart
        let sharerCount = isByRows ? 1 : max(1, min(memberCount, panelCount / least))
        panelsPerMember = (panelCount + sharerCount - 1) / sharerCount
        let streamCount = isByRows ? 1 : streamCount
        let panelWork = rowsPerPart * inputCount
        shares = PanelShares(
            panelCount: panelsPerMember / streamCount, panelWork: panelWork * streamCount,
            least: streamCount == 1 ? least : 1, most: PanelShares.most / streamCount)
        partCount = shares.count + (streamCount == 1 ? 0 : 1)
        count = sharerCount * stripeCount * partCount
        self.streamCount = streamCount
        self.rowCount = rowCount
        self.panelCount = panelCount
        wholeCount = unsafe product.output_count / PanelMatrix.panelWidth
    }

    /// Rows, panels, and how many panels lie between one stream and the next; 0 where there is only
    /// one. No panels where the last member has fewer than others.
    subscript(index: Int) -> (rows: Range<Int>, panels: Range<Int>, streamDistance: Int) {
        let (sharer, own) = index.quotientAndRemainder(dividingBy: stripeCount * partCount)
        let (stripe, part) = own.quotientAndRemainder(dividingBy: partCount)
        let row = stripe * rowsPerPart
        let rows = row..<min(rowCount, row + rowsPerPart)
        let first = min(panelCount, sharer * panelsPerMember)
        let end = min(panelCount, first + panelsPerMember)
        let length = max(0, min(end, wholeCount) - first) / streamCount
        guard part < shares.count else {
            // What the streams left.
            return (rows, first + length * streamCount..<end, 0)
        }
        let panels = shares[part]
        let last = streamCount == 1 ? end : first + length
        let range =
            min(last, first + panels.lowerBound)..<min(last, first + panels.upperBound)
        return (rows, range, streamCount == 1 ? 0 : length)
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
    static let most = 32

    /// - Parameters:
    ///   - panelWork: multiply-adds of one panel.
    ///   - least: panels that the kernel takes together.
    ///   - most: panels of a large part.
    init(panelCount: Int, panelWork: Int, least: Int, most: Int) {
        self.panelCount = panelCount
        let wanted = min(most, panelCount * 3 / 8, Self.work / max(1, panelWork))
        small = max(1, min(least, panelCount))
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
