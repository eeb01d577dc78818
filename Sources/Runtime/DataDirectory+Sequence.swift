import Primitives

/// Every sequence a node signs begins at the wall clock's milliseconds and rises by less than one a
/// millisecond, so a restarted node speaks above what it said before. A clock that was set back
/// would break that: the file `sequence` holds a number that no earlier run reached.
extension DataDirectory {
    /// Sequences that may be used until the next note: a node notes twice a minute.
    private static let marginMilliseconds: UInt64 = 120_000

    /// Where the sequences of a node that starts now begin.
    public func firstSequence(wallMilliseconds: UInt64) -> UInt64 {
        let limit = 32
        guard let bytes = try? Files.read(file("sequence"), limit: limit),
            let noted = UInt64(String(decoding: bytes, as: UTF8.self)), noted < .max / 4
        else { return wallMilliseconds }
        return max(wallMilliseconds, noted + 1)
    }

    /// Notes that sequences up to this one may have been used, and soon some above it.
    public func noteSequence(_ sequence: UInt64) throws(DataError) {
        let text = String(sequence + Self.marginMilliseconds)
        do {
            try Files.write(Array(text.utf8), to: file("sequence"), mode: 0o600, isDurable: false)
        } catch { throw DataError(error) }
    }
}
