import CKernels

/// Memory for the keys and values of some neighbouring positions: a part of a run.
///
/// Whoever holds it may read; only a cache that holds it alone may write.
public final class KeyValuePage {
    let run: KeyValueRun
    private let slot: Int

    fileprivate init(_ run: KeyValueRun, slot: Int) {
        self.run = run
        self.slot = slot
    }

    deinit { run.leave(slot) }

    private var position: Int { slot * run.layout.pagePositionCount }
    // Inside the run, which this page keeps: where the first head's keys and values begin.
    var keys: UnsafeMutablePointer<UInt16> {
        unsafe run.base + position * run.layout.headSize
    }
    var values: UnsafeMutablePointer<UInt16> {
        unsafe run.base + run.layout.valueOffset + position * PanelMatrix.panelWidth
    }

    public var byteCount: Int { run.layout.pageByteCount }

    /// Lets go of a page. Where nobody else holds it, its memory is free then.
    public static func giveBack(_ page: inout KeyValuePage?) {
        guard let run = page?.run else { return }
        page = nil
        if run.isHeld { run.discardUnheld() }
    }

    /// Takes the contents of another page of the same layout.
    func copy(_ other: KeyValuePage) {
        precondition(run.layout == other.run.layout)
        run.layout.forEachStretch { isKey, offset, count in
            // Inside both pages.
            unsafe (isKey ? keys + offset : values + offset).update(
                from: isKey ? other.keys + offset : other.values + offset, count: count)
        }
    }

    fileprivate func discard() {
        run.layout.forEachStretch { isKey, offset, count in
            // Inside this page.
            unsafe bored_discard(isKey ? keys + offset : values + offset, 2 * count)
        }
    }
}

/// Memory from which neighbouring pages of one request are cut. It takes what its pages touch.
@safe final class KeyValueRun {
    let layout: KeyValueLayout
    private let memory: UnsafeMutableRawPointer
    /// By slot, as bits: pages that exist, and pages whose memory may have been touched.
    private var held: UInt32 = 0
    private var touched: UInt32 = 0

    init(_ layout: KeyValueLayout) {
        guard let memory = unsafe bored_reserve(max(1, layout.runByteCount)) else {
            fatalError("no room for \(layout.runByteCount) bytes of keys and values")
        }
        self.layout = layout
        unsafe self.memory = memory
    }

    deinit { unsafe bored_release(memory, max(1, layout.runByteCount)) }

    // As many halves as the layout says, for as long as the run lives.
    var base: UnsafeMutablePointer<UInt16> {
        unsafe memory.assumingMemoryBound(to: UInt16.self)
    }

    var isHeld: Bool { held != 0 }
    func isFree(_ slot: Int) -> Bool { held & 1 << slot == 0 }

    /// A page in a slot that is free.
    func page(_ slot: Int) -> KeyValuePage {
        precondition(slot < KeyValueLayout.runPageCount && isFree(slot))
        held |= 1 << slot
        touched |= 1 << slot
        return KeyValuePage(self, slot: slot)
    }

    fileprivate func leave(_ slot: Int) { held &= ~(1 << slot) }

    /// Gives back the memory of pages that nobody holds any more, where others are held.
    func discardUnheld() {
        for slot in 0..<KeyValueLayout.runPageCount where touched & ~held & 1 << slot != 0 {
            page(slot).discard()
            touched &= ~(1 << slot)
        }
    }
}

extension KeyValueLayout {
    /// Where the numbers of a page lie, behind its first keys or its first values, in halves.
    fileprivate func forEachStretch(_ body: (_ isKey: Bool, _ offset: Int, _ count: Int) -> Void) {
        let width = PanelMatrix.panelWidth
        for head in 0..<layerCount * headCount {
            body(true, head * headStride, pagePositionCount * headSize)
            for first in stride(from: 0, to: valueSize, by: width) {
                body(
                    false, head * headStride + first * runPositionCount,
                    pagePositionCount * width)
            }
        }
    }
}
