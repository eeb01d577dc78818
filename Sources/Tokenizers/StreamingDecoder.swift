/// Turns ids into text one at a time, as a model produces them.
///
/// What it returns, joined, is what `Tokenizer.decode` returns for all ids at once. It never emits
/// half a character: bytes wait until the character is complete.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecial: Bool
    private var dropsSpace: Bool
    private var pending: [UInt8] = []

    /// - `startsText`: whether the first id is the first of the whole text. A text that got a space
    ///   in front loses it then; the continuation of a prompt that has any text keeps it.
    public init(_ tokenizer: Tokenizer, startsText: Bool, skipSpecial: Bool = true) {
        self.tokenizer = tokenizer
        self.skipSpecial = skipSpecial
        dropsSpace = startsText && tokenizer.model.dropsFirstSpace
    }

    /// The text that this id completes; empty while a character is incomplete.
    public mutating func append(_ id: Int) -> String {
        var bytes = tokenizer.bytes(of: id, skipSpecial: skipSpecial)
        if dropsSpace, let first = bytes.first {
            if first == UInt8(ascii: " ") { bytes.removeFirst() }
            dropsSpace = false
        }
        pending += bytes
        let complete = pending.count - incompleteByteCount(pending)
        defer { pending.removeFirst(complete) }
        return String(decoding: pending[..<complete], as: UTF8.self)
    }

    /// What is left when no id follows: U+FFFD for a character that was never completed.
    public mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }
}

/// How many bytes at the end start a UTF-8 character that more bytes could complete (RFC 3629).
func incompleteByteCount(_ bytes: [UInt8]) -> Int {
    for count in 1...3 where count <= bytes.count {
        let lead = bytes[bytes.count - count]
        if lead & 0xC0 == 0x80 { continue }
        let length = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1
        return lead < 0xF5 && count < length ? count : 0
    }
    return 0
}
