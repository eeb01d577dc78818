public import Pipelines
import Primitives
import Synchronization
import Transformers

/// Keys and values that a stage computed, for another holder of its layers.
public struct CacheExport: Hashable, Sendable {
    public var positions: Range<Int>
    /// 4 bytes for each number of a key row, for each layer and position: `KeyValueState.bytes`.
    public var bytes: [UInt8]

    public init(positions: Range<Int>, bytes: [UInt8]) {
        self.positions = positions
        self.bytes = bytes
    }
}

/// Handing a request over: its cache as bytes, in as many parts as messages need.
extension StageEngine {
    /// Positions that a request's cache holds, and bytes of each; nil where it is not open.
    public func cacheSize(of id: RequestID) -> (positionCount: Int, positionByteCount: Int)? {
        withCache(of: id) { ($0.positionCount, $0.positionByteCount) }
    }

    /// Keys and values of `positions`, or of all that the cache holds; nil where the request is
    /// not open or holds less.
    public func export(_ id: RequestID, positions: Range<Int>? = nil) -> CacheExport? {
        let export = withCache(of: id) { state -> CacheExport? in
            let wanted = positions ?? 0..<state.positionCount
            guard wanted.lowerBound >= 0, wanted.upperBound <= state.positionCount else {
                return nil
            }
            return CacheExport(positions: wanted, bytes: state.bytes(of: wanted))
        }
        return export ?? nil
    }

    /// As many of the positions `from..<end` as one message carries, one at least; nil where they
    /// are not held.
    public func exportPart(_ id: RequestID, from: Int, upTo end: Int) -> CacheExport? {
        guard let size = cacheSize(of: id), from < end, end <= size.positionCount else {
            return nil
        }
        let count = max(1, Limits.cachePartByteCount / max(1, size.positionByteCount))
        return export(id, positions: from..<min(end, from + count))
    }

    /// Takes bytes of whole positions from `position` on: where the cache ends then, or nil.
    public func take(_ bytes: [UInt8], at position: Int, for id: RequestID) -> Int? {
        guard let size = cacheSize(of: id), size.positionByteCount > 0,
            bytes.count % size.positionByteCount == 0
        else { return nil }
        let end = position + bytes.count / size.positionByteCount
        return take(CacheExport(positions: position..<end, bytes: bytes), for: id) ? end : nil
    }

    /// Takes keys and values into the cache of a request that was opened here. False, and nothing
    /// changed, where they do not begin where the cache ends, are cut short or do not fit.
    public func take(_ export: CacheExport, for id: RequestID) -> Bool {
        withCache(of: id) { state in
            state.positionCount == export.positions.lowerBound
                && export.bytes.count == export.positions.count * state.positionByteCount
                && state.append(bytes: export.bytes)
        } ?? false
    }
}
