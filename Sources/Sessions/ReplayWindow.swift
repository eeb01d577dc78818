/// Which counters were seen: a bitmap that slides in whole words (RFC 6479).
///
/// Remembers at least the last 8,128 counters; older ones count as seen. Sessions that never get
/// far keep an eighth of a kilobyte less than they could: storage grows from 8 words to 128.
public struct ReplayWindow: Sendable {
    private static let wordCount = 128
    private static let smallWordCount = 8
    /// How far behind the highest counter a packet may be.
    public static let size = UInt64((wordCount - 1) * 64)

    private var words: [UInt64] = Array(repeating: 0, count: smallWordCount)
    private var next: UInt64 = 0

    public init() {}

    /// Whether `counter` is above everything that was marked.
    public func isHighest(_ counter: UInt64) -> Bool { counter >= next }

    /// Whether `counter` may still be accepted.
    public func isFresh(_ counter: UInt64) -> Bool {
        guard counter < next else { return counter < UInt64.max }
        guard next - counter <= Self.size else { return false }
        return words[index(counter)] & bit(counter) == 0
    }

    /// Marks a counter that `isFresh` accepted.
    public mutating func mark(_ counter: UInt64) {
        if counter >= UInt64(words.count) * 64, words.count == Self.smallWordCount {
            words += Array(repeating: 0, count: Self.wordCount - Self.smallWordCount)
        }
        if counter >= next {
            let current = next == 0 ? 0 : (next - 1) >> 6
            let steps = min(counter >> 6 - current, UInt64(words.count))
            for step in 0..<steps { words[Int((current + 1 + step) % UInt64(words.count))] = 0 }
            next = counter + 1
        }
        words[index(counter)] |= bit(counter)
    }

    private func index(_ counter: UInt64) -> Int { Int((counter >> 6) % UInt64(words.count)) }
    private func bit(_ counter: UInt64) -> UInt64 { 1 << (counter & 63) }
}
