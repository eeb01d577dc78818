import CKernels

/// The keys and values of one request's positions so far, for some layers: a table of pages.
public struct KeyValueCache: ~Copyable {
    public let layout: KeyValueLayout
    /// Positions that the table has room for: whole pages.
    public let capacity: Int
    /// Positions held.
    public private(set) var count = 0
    public private(set) var pages: [KeyValuePage] = []
    /// Where each page's numbers begin: what the kernels read.
    private let table: OwnedMemory

    /// A table for `capacity` positions at least, with no page in it.
    public init(_ layout: KeyValueLayout, capacity: Int) {
        precondition(capacity > 0)
        let pageCount = layout.pageCount(ofPositions: capacity)
        self.layout = layout
        self.capacity = pageCount * layout.pagePositionCount
        table = OwnedMemory(byteCount: pageCount * MemoryLayout<UInt>.stride)
        pages.reserveCapacity(pageCount)
    }

    // The memory holds a pointer for each page of the table.
    var pageBases: UnsafeMutablePointer<UnsafePointer<UInt16>?> {
        unsafe table.base.assumingMemoryBound(to: UnsafePointer<UInt16>?.self)
    }

    /// Positions that the pages have room for.
    public var pagedCount: Int { pages.count * layout.pagePositionCount }

    /// Adds a page behind the others. Traps where the table is full.
    public mutating func add(_ page: KeyValuePage) {
        precondition(pagedCount < capacity && page.numbers.count * 2 == layout.pageByteCount)
        unsafe pageBases[pages.count] = UnsafePointer(page.numbers.base)
        pages.append(page)
    }

    /// Puts another page in the place of one.
    public mutating func replace(at index: Int, with page: KeyValuePage) {
        precondition(page.numbers.count * 2 == layout.pageByteCount)
        pages[index] = page
        unsafe pageBases[index] = UnsafePointer(page.numbers.base)
    }

    /// Gives up the last page, which holds no position.
    public mutating func removeLastPage() -> KeyValuePage {
        let page = pages.removeLast()
        precondition(count <= pagedCount)
        return page
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
        nonisolated(unsafe) let pages = unsafe pageBases
        let (layout, count) = (layout, count)
        let start = layer * layout.layerStride
        crew.share(rowCount: rowCount, rowWork: headCount * headSize) { rows in
            for row in rows {
                let (page, position) = (count + row).quotientAndRemainder(
                    dividingBy: layout.pagePositionCount)
                guard let numbers = unsafe pages[page] else { return }
                for head in 0..<headCount {
                    let own = start + head * layout.headStride
                    let base = unsafe UnsafeMutablePointer(mutating: numbers) + own
                    unsafe bored_cache_append(
                        kernels.code, keys + row * keyLayout.stride + head * headSize,
                        values + row * valueLayout.stride + head * headSize, headSize, position,
                        layout.pagePositionCount, base, base + layout.valueOffset)
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
        let base = unsafe pages[page].numbers.base
        let key = inside / width * width * layout.headSize + inside % width
        for layer in 0..<layout.layerCount {
            for head in 0..<layout.headCount {
                let start = layer * layout.layerStride + head * layout.headStride + key
                for index in 0..<layout.headSize { unsafe body(base + start + index * width) }
            }
            for head in 0..<layout.headCount {
                let start =
                    layer * layout.layerStride + head * layout.headStride
                    + layout.valueOffset + inside * width
                for index in 0..<layout.headSize {
                    let panel = index / width * width * layout.pagePositionCount
                    unsafe body(base + start + panel + index % width)
                }
            }
        }
    }
}
