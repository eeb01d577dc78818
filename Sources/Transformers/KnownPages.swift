import Primitives
import Tensors

/// Pages by the rows they were made of, so that a request with the same rows need not compute
/// them: held by requests, or kept for a while by nobody. They are full, but for the last one of a
/// request that has ended.
///
/// A page is named by the digest of all rows of its request up to its end. It is found by the
/// digest up to any of its rows, since rows that begin as a page's do may end in the middle of it.
struct KnownPages {
    struct Page {
        var page: KeyValuePage
        /// By row: of all rows of the request up to that one.
        var digests: [Digest]
        /// What came of its last rows; empty where nobody wanted it, or once the memory was needed.
        var output: [UInt8]
        var holderCount: Int
        /// Where it was kept before somebody held it: its place, and until when.
        var keeping: (number: UInt64, until: Instant)?
    }

    private var pages: [Digest: Page] = [:]
    /// By the digest up to a row: the page that the row is in.
    private var names: [Digest: Digest] = [:]
    /// Those that nobody holds, in the order in which they are forgotten, and when.
    private var kept = OrderedTable<UInt64, (name: Digest, until: Instant)>()
    private var nextNumber: UInt64 = 0
    private(set) var outputByteCount = 0
    private(set) var keptByteCount = 0

    var count: Int { pages.count }
    var keptCount: Int { kept.count }
    /// When the next one is forgotten.
    var nextForgetting: Instant? { kept.values.first?.until }

    /// The page in which rows with this digest end.
    func name(of digest: Digest) -> Digest? { names[digest] }

    /// What came of some rows of a page; nil where that is not known of all of them.
    func output(
        of name: Digest, rows: Range<Int>, rowByteCount: Int
    ) -> ArraySlice<UInt8>? {
        guard let page = pages[name] else { return nil }
        guard !rows.isEmpty else { return [] }
        let end = page.output.count - (page.digests.count - rows.upperBound) * rowByteCount
        let start = end - rows.count * rowByteCount
        return start >= 0 ? page.output[start..<end] : nil
    }

    /// One holder more of a page that is known.
    mutating func hold(_ name: Digest) -> KeyValuePage? {
        guard let page = pages[name] else { return nil }
        pages[name]?.holderCount += 1
        if page.holderCount == 0, let number = page.keeping?.number {
            kept[number] = nil
            keptByteCount -= page.page.byteCount
        }
        return page.page
    }

    /// A page that nobody knows yet, with one holder.
    mutating func add(_ page: KeyValuePage, digests: [Digest], output: [UInt8]) {
        guard let name = digests.last else { return }
        precondition(pages[name] == nil)
        pages[name] = Page(page: page, digests: digests, output: output, holderCount: 1)
        // Where another page has the same beginning: this one is kept for longer.
        for digest in digests { names[digest] = name }
        outputByteCount += output.count
    }

    /// The only holder of a page goes on behind its last row: it is known to nobody any more. False
    /// where others hold it, or where it has more rows than `rowCount`.
    mutating func takeOver(_ name: Digest, rowCount: Int) -> Bool {
        guard let page = pages[name], page.holderCount == 1, page.digests.count <= rowCount else {
            return false
        }
        remove(name)
        return true
    }

    /// More of what came of a page's rows than was known.
    mutating func note(_ output: [UInt8], of name: Digest) {
        guard let known = pages[name]?.output.count, known < output.count else { return }
        pages[name]?.output = output
        outputByteCount += output.count - known
    }

    /// One holder less. True where the page lives on: others hold it, or it is kept until a moment.
    mutating func leave(_ name: Digest, keptUntil: Instant?) -> Bool {
        guard let page = pages[name] else { return false }
        if let keptUntil {
            pages[name]?.keeping = (nextNumber, keptUntil)
            nextNumber += 1
        } else if page.holderCount == 1 {
            pages[name]?.keeping = nil
        }
        return putBack(name)
    }

    /// One holder less, who goes on with rows of its own. True where the page lives on: others hold
    /// it, or it was kept before.
    mutating func putBack(_ name: Digest) -> Bool {
        guard let page = pages[name] else { return false }
        pages[name]?.holderCount -= 1
        if page.holderCount > 1 { return true }
        guard let keeping = page.keeping else {
            remove(name)
            return false
        }
        kept[keeping.number] = (name, keeping.until)
        keptByteCount += page.page.byteCount
        return true
    }

    /// Forgets, of the pages that nobody holds, the one whose time is over first.
    mutating func forgetOldest() -> KeyValuePage? {
        guard let number = kept.keys.first, let name = kept[number]?.name else { return nil }
        kept[number] = nil
        let page = pages[name]?.page
        keptByteCount -= page?.byteCount ?? 0
        remove(name)
        return page
    }

    /// Nothing that is held is kept afterwards, unless somebody says so again.
    mutating func forgetKeeping() {
        pages = pages.mapValues { page in
            var page = page
            if page.holderCount > 0 { page.keeping = nil }
            return page
        }
    }

    /// Forgets what came of pages, but not the pages.
    mutating func forgetOutputs() {
        pages = pages.mapValues { page in
            var page = page
            page.output = []
            return page
        }
        outputByteCount = 0
    }

    private mutating func remove(_ name: Digest) {
        guard let page = pages.removeValue(forKey: name) else { return }
        for digest in page.digests where names[digest] == name { names[digest] = nil }
        outputByteCount -= page.output.count
    }
}
