import CKernels

/// One layer's keys and values of the positions so far, in Float16.
///
/// Keys lie in blocks of 32 positions `[head][position / 32][headSize][32]`, values in panels
/// `[head][headSize / 32][capacity][32]`: both are read as panel matrices.
public struct KeyValueCache: ~Copyable {
    public let headCount: Int
    public let headSize: Int
    /// Positions that fit.
    public let capacity: Int
    /// Positions held.
    public private(set) var count = 0
    var keys: HalfBuffer
    var values: HalfBuffer

    /// `headCount` key/value heads; the capacity is rounded up to whole blocks of 32.
    public init(headCount: Int, headSize: Int, capacity: Int) {
        precondition(headCount > 0 && headSize > 0 && capacity > 0)
        let width = PanelMatrix.panelWidth
        self.headCount = headCount
        self.headSize = headSize
        self.capacity = (capacity + width - 1) / width * width
        keys = HalfBuffer(count: headCount * headSize * self.capacity)
        let panelCount = (headSize + width - 1) / width
        values = HalfBuffer(count: headCount * panelCount * width * self.capacity)
    }

    var keyStride: Int { headSize * capacity }
    var valueStride: Int { values.count / headCount }
    public var byteCount: Int { 2 * (keys.count + values.count) }

    /// Adds `rowCount` positions at the end. Rows hold `headCount * headSize` numbers, keys
    /// already rotated. Traps when they don't fit.
    public mutating func append(
        keys newKeys: borrowing FloatBuffer, keyLayout: RowLayout,
        values newValues: borrowing FloatBuffer, valueLayout: RowLayout, rowCount: Int
    ) {
        precondition(rowCount >= 0 && rowCount <= capacity - count)
        let width = headCount * headSize
        keyLayout.check(rowCount: rowCount, width: width, within: newKeys.count)
        valueLayout.check(rowCount: rowCount, width: width, within: newValues.count)
        for row in 0..<rowCount {
            for head in 0..<headCount {
                let key = keyLayout.offset + row * keyLayout.stride + head * headSize
                let value = valueLayout.offset + row * valueLayout.stride + head * headSize
                // Sources checked above; the position is below the capacity.
                unsafe bored_cache_append(
                    newKeys.base + key, newValues.base + value, headSize, count + row, capacity,
                    keys.base + head * keyStride, values.base + head * valueStride)
            }
        }
        count += rowCount
    }

    /// Forgets every position from `newCount` on.
    public mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count)
        count = newCount
    }
}

extension Kernels {
    /// Rows of one cached head that one pass handles together.
    private static let attentionRowCount = 8

    /// Floats of scratch that `attend` needs for such a cache.
    public static func attentionScratchCount(
        queryHeadCount: Int, cache: borrowing KeyValueCache
    ) -> Int {
        cache.headCount
            * bored_attention_scratch(
                attentionRowCount, queryHeadCount / cache.headCount, cache.headSize, cache.capacity)
    }

    /// Causal attention of the last `rowCount` positions in the cache over all up to their own.
    ///
    /// Query rows hold `queryHeadCount` rotated heads; neighbouring heads share a cached head.
    /// Output rows hold as many. `scale` is usually 1 / sqrt(headSize).
    public func attend(
        query: borrowing FloatBuffer, queryLayout: RowLayout, rowCount: Int, queryHeadCount: Int,
        cache: borrowing KeyValueCache, scale: Float, scratch: inout FloatBuffer,
        into output: inout FloatBuffer, outputLayout: RowLayout? = nil, crew: some Crew
    ) {
        let width = queryHeadCount * cache.headSize
        let outputLayout = outputLayout ?? RowLayout(stride: width)
        queryLayout.check(rowCount: rowCount, width: width, within: query.count)
        outputLayout.check(rowCount: rowCount, width: width, within: output.count)
        precondition(rowCount <= cache.count && queryHeadCount % cache.headCount == 0)
        let scratchCount = Self.attentionScratchCount(
            queryHeadCount: queryHeadCount, cache: cache)
        precondition(scratch.count >= scratchCount)
        let groupCount = queryHeadCount / cache.headCount
        let firstLength = cache.count - rowCount + 1
        let headCount = cache.headCount
        let (keyStride, valueStride) = (cache.keyStride, cache.valueStride)
        // The pointers outlive `run`, which returns after every part; a part writes only its
        // own heads of the output and its own slice of the scratch.
        nonisolated(unsafe) let whole = unsafe bored_attention(
            query: query.base + queryLayout.offset, query_stride: queryLayout.stride,
            row_count: rowCount, group_count: groupCount, head_size: cache.headSize,
            keys: cache.keys.base, values: cache.values.base, capacity: cache.capacity,
            length: firstLength, scale: scale, scratch: scratch.base,
            output: output.base + outputLayout.offset, output_stride: outputLayout.stride)
        let headWidth = groupCount * cache.headSize
        crew.run(partCount: headCount) { head in
            var part = unsafe whole
            unsafe part.keys += head * keyStride
            unsafe part.values += head * valueStride
            unsafe part.scratch += head * (scratchCount / headCount)
            for first in stride(from: 0, to: rowCount, by: Self.attentionRowCount) {
                unsafe part.query =
                    whole.query + first * whole.query_stride + head * headWidth
                unsafe part.output =
                    whole.output + first * whole.output_stride + head * headWidth
                unsafe part.row_count = min(Self.attentionRowCount, rowCount - first)
                unsafe part.length = firstLength + first
                unsafe bored_attend(code, &part)
            }
        }
    }
}
