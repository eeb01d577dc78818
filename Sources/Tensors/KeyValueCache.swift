import CKernels

/// The keys and values of one request's positions so far, for some layers: a table of pages.
public struct KeyValueCache: ~Copyable {
    public let layout: KeyValueLayout
    /// Positions that the table has room for: whole pages.
    public let capacity: Int
    /// Positions held.
    public private(set) var count = 0
    public private(set) var pages: [KeyValuePage] = []
    /// From which this cache's own pages are cut; the last of them are looked at first.
    private var runs: [(firstPage: Int, run: KeyValueRun)] = []
    /// Where each page's numbers begin: what the kernels read.
    private let tableMemory: OwnedMemory

    /// A table for `capacity` positions at least, with no page in it.
    public init(_ layout: KeyValueLayout, capacity: Int) {
        precondition(capacity > 0)
        let pageCount = layout.pageCount(ofPositions: capacity)
        self.layout = layout
        self.capacity = pageCount * layout.pagePositionCount
        tableMemory = OwnedMemory(
            byteCount: pageCount * (unsafe MemoryLayout<bored_page>.stride))
        pages.reserveCapacity(pageCount)
    }

    // The memory holds an entry for each page that the capacity has room for.
    var table: UnsafeMutablePointer<bored_page> {
        unsafe tableMemory.base.assumingMemoryBound(to: bored_page.self)
    }

    /// Positions that the pages have room for.
    public var pagedCount: Int { pages.count * layout.pagePositionCount }

    /// Adds an empty page behind the others. Traps where the table is full.
    public mutating func addPage() { add(makePage(pages.count)) }

    /// Adds a page of another cache behind the others: both hold it now.
    public mutating func add(_ page: KeyValuePage) {
        precondition(pagedCount < capacity && page.run.layout == layout)
        pages.append(page)
        enter(pages.count - 1)
    }

    /// Puts another cache's page in the place of one.
    public mutating func replace(at index: Int, with page: KeyValuePage) {
        precondition(page.run.layout == layout)
        let run = pages[index].run
        pages[index] = page
        enter(index)
        run.discardUnheld()
    }

    /// Puts a page with the same contents in the place of one that others hold as well.
    public mutating func copyPage(at index: Int) {
        let page = makePage(index)
        page.copy(pages[index])
        pages[index] = page
        enter(index)
    }

    /// Gives up every page and position. What nobody else holds is free memory then.
    public mutating func removeAll() {
        let held = pages.map(\.run)
        runs = []
        pages = []
        count = 0
        for run in held where run.isHeld { run.discardUnheld() }
    }

    /// A page in its place beside its neighbours, where that is free.
    private mutating func makePage(_ index: Int) -> KeyValuePage {
        let slot = index % KeyValueLayout.runPageCount
        let firstPage = index - slot
        if let own = runs.last(where: { $0.firstPage == firstPage && $0.run.isFree(slot) }) {
            return own.run.page(slot)
        }
        let run = KeyValueRun(layout)
        runs.append((firstPage, run))
        return run.page(slot)
    }

    private func enter(_ index: Int) {
        unsafe table[index] = bored_page(
            keys: UnsafePointer(pages[index].keys), values: UnsafePointer(pages[index].values))
    }

    /// Writes `rowCount` positions of one layer behind those held; they are held once `advance` is
    /// called. Rows hold `headCount * headSize` numbers, keys already rotated. Traps where the
    /// pages have no room.
    public mutating func write(
        layer: Int, keys newKeys: borrowing FloatBuffer, keyLayout: RowLayout,
        values newValues: borrowing FloatBuffer, valueLayout: RowLayout, rowCount: Int,
        kernels: Kernels, crew: some Crew = SerialCrew()
    ) {
        precondition(layer >= 0 && layer < layout.layerCount)
        precondition(rowCount >= 0 && rowCount <= pagedCount - count)
        let (headCount, headSize) = (layout.headCount, layout.headSize)
        keyLayout.check(rowCount: rowCount, width: headCount * headSize, within: newKeys.count)
        valueLayout.check(rowCount: rowCount, width: headCount * headSize, within: newValues.count)
        // Sources checked above; the pages are there, and hold such a layer and its heads. Parts
        // write other rows.
        nonisolated(unsafe) let keys = unsafe newKeys.base + keyLayout.offset
        nonisolated(unsafe) let values = unsafe newValues.base + valueLayout.offset
        nonisolated(unsafe) let pages = unsafe UnsafePointer(table)
        let (layout, count) = (layout, count)
        let start = layer * layout.layerStride
        crew.share(rowCount: rowCount, rowWork: headCount * headSize) { rows in
            for row in rows {
                let (page, position) = (count + row).quotientAndRemainder(
                    dividingBy: layout.pagePositionCount)
                for head in 0..<headCount {
                    let own = start + head * layout.headStride
                    unsafe bored_cache_append(
                        kernels.code, keys + row * keyLayout.stride + head * headSize,
                        values + row * valueLayout.stride + head * headSize, headSize, position,
                        layout.runPositionCount,
                        UnsafeMutablePointer(mutating: pages[page].keys + own),
                        UnsafeMutablePointer(mutating: pages[page].values + own))
                }
            }
        }
    }

    /// Holds `rowCount` positions more, which every layer has written.
    public mutating func advance(by rowCount: Int) {
        precondition(rowCount >= 0 && rowCount <= pagedCount - count)
        count += rowCount
    }

    /// Forgets every position from `newCount` on; pages stay.
    public mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count)
        count = newCount
    }
}

// MARK: as bytes

extension KeyValueCache {
    /// The keys and values of some positions held, little-endian: position after position, layer
    /// after layer, first the keys of all heads, then the values. The same whatever the pages.
    public func bytes(of positions: Range<Int>) -> [UInt8] {
        precondition(positions.lowerBound >= 0 && positions.upperBound <= count)
        return unsafe [UInt8](
            unsafeUninitializedCapacity: positions.count * layout.positionByteCount
        ) { target, written in
            var offset = 0
            for position in positions {
                unsafe visit(position) { number in
                    // As many numbers as the capacity was made for.
                    unsafe UnsafeMutableRawBufferPointer(target).storeBytes(
                        of: number.pointee.littleEndian, toByteOffset: offset, as: UInt16.self)
                    offset += 2
                }
            }
            written = offset
        }
    }

    /// Takes positions behind those held, as `bytes(of:)` gave them. False, and nothing changed,
    /// where the bytes are not whole positions or the pages have no room.
    public mutating func append(bytes: [UInt8]) -> Bool {
        let (rowCount, rest) = bytes.count.quotientAndRemainder(
            dividingBy: max(1, layout.positionByteCount))
        guard rest == 0, rowCount <= pagedCount - count else { return false }
        unsafe bytes.withUnsafeBytes { source in
            var offset = 0
            for position in count..<count + rowCount {
                unsafe visit(position) { number in
                    // As many numbers as were counted above.
                    unsafe number.pointee = UInt16(
                        littleEndian: source.loadUnaligned(
                            fromByteOffset: offset, as: UInt16.self))
                    offset += 2
                }
            }
        }
        count += rowCount
        return true
    }

    /// Every number of one position, in the order of its bytes.
    private func visit(_ position: Int, _ body: (UnsafeMutablePointer<UInt16>) -> Void) {
        let width = PanelMatrix.panelWidth
        let (page, inside) = position.quotientAndRemainder(dividingBy: layout.pagePositionCount)
        // The page is there: the position is below `pagedCount`.
        let keys =
            unsafe pages[page].keys + inside / width * width * layout.headSize + inside % width
        let values = unsafe pages[page].values + inside * width
        for layer in 0..<layout.layerCount {
            for head in 0..<layout.headCount {
                let start = layer * layout.layerStride + head * layout.headStride
                for index in 0..<layout.headSize { unsafe body(keys + start + index * width) }
            }
            for head in 0..<layout.headCount {
                let start = layer * layout.layerStride + head * layout.headStride
                for index in 0..<layout.headSize {
                    let panel = index / width * width * layout.runPositionCount
                    unsafe body(values + start + panel + index % width)
                }
            }
        }
    }
}
