public import Presence
import Primitives

/// What an owner's node keeps beside its key: the pause, and the day's traffic.
///
///     pause      `until resumed`, or `until SECONDS` since 1970; absent where nobody paused
///     traffic    `DAY BYTES`: the local day since 1970, and what was sent and received in it
extension DataDirectory {
    /// Pauses the node that uses this directory, now or when it starts.
    ///
    /// - Parameter end: seconds since 1970; nil: until it is resumed.
    public func pause(until end: UInt64?) throws(DataError) {
        let text = "until " + (end.map(String.init) ?? "resumed") + "\n"
        do { try Files.write(Array(text.utf8), to: file("pause")) } catch {
            throw DataError("The pause can't be kept: \(error).")
        }
    }

    public func resume() throws(DataError) {
        do { try Files.remove(file("pause")) } catch {
            throw DataError("The pause can't be ended: \(error).")
        }
    }

    /// The pause at a moment of the wall clock. A file that can't be understood is a pause:
    /// somebody wanted one.
    public func pause(at wallSeconds: UInt64) -> Pause? {
        guard let bytes = try? Files.read(file("pause"), limit: 64) else {
            return Files.byteCount(file("pause")) == nil ? nil : .untilResumed
        }
        let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }
        guard words.count == 2, words[0] == "until", let end = UInt64(words[1]) else {
            return .untilResumed
        }
        return end > wallSeconds
            ? .secondsLeft(Int(min(end - wallSeconds, 1 << 40))) : nil
    }

    /// Bytes of this local day, as far as they were kept.
    func traffic(onDay day: Int) -> UInt64 {
        guard let bytes = try? Files.read(file("traffic"), limit: 64) else { return 0 }
        let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }
        guard words.count == 2, Int(words[0]) == day, let count = UInt64(words[1]) else { return 0 }
        return count
    }

    /// Throws where the disk is full: the caller goes on counting.
    func keep(traffic count: UInt64, onDay day: Int) throws(SystemError) {
        try Files.write(
            Array("\(day) \(count)\n".utf8), to: file("traffic"), mode: 0o600, isDurable: false)
    }
}
