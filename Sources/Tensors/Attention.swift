import CKernels

/// What a position sees of the others, and how its scores are made.
public struct AttentionRule: Sendable, Hashable {
    /// What scores are multiplied by: usually 1 / sqrt(headSize).
    public var scale: Float
    /// A position sees so many positions up to itself; nil: all of them (Mistral, Gemma).
    public var window: Int?
    /// Scores become cap * tanh(score / cap); nil: they stay (Gemma 2).
    public var cap: Float?
    /// Every position sees all of the request, later ones too (BERT).
    public var seesAll: Bool

    /// Traps unless window and cap, where there are any, are positive, or where a window is given
    /// to positions that see all.
    public init(scale: Float, window: Int? = nil, cap: Float? = nil, seesAll: Bool = false) {
        precondition((window ?? 1) > 0 && (cap ?? 1) > 0 && !(seesAll && window != nil))
        self.scale = scale
        self.window = window
        self.cap = cap
        self.seesAll = seesAll
    }
}

extension Kernels {
    /// Rows of one cached head that one pass handles together.
    private static let attentionRowCount = 8

    /// Floats of scratch that `attend` needs for such a cache.
    public static func attentionScratchCount(
        queryHeadCount: Int, cache: borrowing KeyValueCache
    ) -> Int {
        let layout = cache.layout
        return layout.headCount
            * bored_attention_scratch(
                attentionRowCount, queryHeadCount / layout.headCount, layout.headSize,
                cache.capacity)
    }

    /// Attention of `rowCount` neighbouring positions, the last of `positionCount` that one layer
    /// of the cache has written, over those that `rule` lets them see.
    ///
    /// Query rows hold `queryHeadCount` rotated heads; neighbouring heads share a cached head.
    /// Output rows hold as many. Pages before the window of the first row are not read.
    public func attend(
        query: borrowing FloatBuffer, queryLayout: RowLayout, rowCount: Int, queryHeadCount: Int,
        cache: borrowing KeyValueCache, layer: Int, positionCount: Int, rule: AttentionRule,
        scratch: inout FloatBuffer, into output: inout FloatBuffer,
        outputLayout: RowLayout? = nil, crew: some Crew
    ) {
        let layout = cache.layout
        let width = queryHeadCount * layout.headSize
        let outputLayout = outputLayout ?? RowLayout(stride: width)
        queryLayout.check(rowCount: rowCount, width: width, within: query.count)
        outputLayout.check(rowCount: rowCount, width: width, within: output.count)
        precondition(layer >= 0 && layer < layout.layerCount)
        precondition(queryHeadCount % layout.headCount == 0)
        precondition(rowCount <= positionCount && positionCount <= cache.pagedCount)
        let scratchCount = Self.attentionScratchCount(
            queryHeadCount: queryHeadCount, cache: cache)
        precondition(scratch.count >= scratchCount)
        let groupCount = queryHeadCount / layout.headCount
        let firstLength = rule.seesAll ? positionCount : positionCount - rowCount + 1
        // The pointers outlive `run`, which returns after every part; a part writes only its
        // own heads of the output and its own slice of the scratch.
        nonisolated(unsafe) let whole = unsafe bored_attention(
            query: query.base + queryLayout.offset, query_stride: queryLayout.stride,
            row_count: rowCount, group_count: groupCount, head_size: layout.headSize,
            pages: UnsafePointer(cache.table), page_size: layout.pagePositionCount,
            run_size: layout.runPositionCount, head: layer * layout.layerStride,
            capacity: cache.capacity,
            length: firstLength, sees_all: rule.seesAll ? 1 : 0, window: rule.window ?? 0,
            scale: rule.scale, cap: rule.cap ?? 0, scratch: scratch.base,
            output: output.base + outputLayout.offset, output_stride: outputLayout.stride)
        let headWidth = groupCount * layout.headSize
        let rowsPerPass = min(
            Self.attentionRowCount, max(1, Self.workLimit / (2 * headWidth * max(1, positionCount)))
        )
        // By whole pages, or no two steps of an answer would have as much work.
        let pageCount = (positionCount + layout.pagePositionCount - 1) / layout.pagePositionCount
        let work =
            2 * rowCount * queryHeadCount * layout.headSize * pageCount
            * layout.pagePositionCount
        crew.run(partCount: layout.headCount, work: work, isLocal: true) { head in
            var part = unsafe whole
            unsafe part.head += head * layout.headStride
            unsafe part.scratch += head * (scratchCount / layout.headCount)
            for first in stride(from: 0, to: rowCount, by: rowsPerPass) {
                if crew.isAbandoned { return }
                unsafe part.query =
                    whole.query + first * whole.query_stride + head * headWidth
                unsafe part.output =
                    whole.output + first * whole.output_stride + head * headWidth
                unsafe part.row_count = min(rowsPerPass, rowCount - first)
                unsafe part.length = rule.seesAll ? firstLength : firstLength + first
                unsafe bored_attend(code, &part)
            }
        }
    }
}
