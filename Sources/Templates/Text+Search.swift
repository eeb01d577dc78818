/// Finding, cutting and replacing, in time that grows with the text alone.
extension Text {
    /// Calls `body` with each byte where `part` begins in `text`, from the left and none within
    /// another, as long as it is true (Knuth, Morris & Pratt 1977: never a byte twice). `part` is
    /// not empty.
    private static func forEachPlace(
        of part: [UInt8], in text: [UInt8], _ body: (Int) throws(TemplateError) -> Bool
    ) throws(TemplateError) {
        // Of each beginning of the part, how long a shorter beginning is that it ends with.
        var borders = [Int32](repeating: 0, count: part.count)
        var length = 0
        for index in part.indices.dropFirst() {
            while length > 0, part[index] != part[length] { length = Int(borders[length - 1]) }
            if part[index] == part[length] { length += 1 }
            borders[index] = Int32(length)
        }
        length = 0
        for (index, byte) in text.enumerated() {
            while length > 0, byte != part[length] { length = Int(borders[length - 1]) }
            if byte == part[length] { length += 1 }
            guard length == part.count else { continue }
            length = 0
            guard try body(index + 1 - part.count) else { return }
        }
    }

    static func contains(_ part: String, in text: String) throws(TemplateError) -> Bool {
        if part.isEmpty { return true }
        return try count(of: part, in: text, limit: 1) > 0
    }

    /// How often `part`, which is not empty, is in `text`; at most `limit`.
    static func count(
        of part: String, in text: String, limit: Int = .max
    ) throws(TemplateError) -> Int {
        guard limit > 0, part.utf8.count <= text.utf8.count else { return 0 }
        var count = 0
        try forEachPlace(of: Array(part.utf8), in: Array(text.utf8)) { _ in
            count += 1
            return count < limit
        }
        return count
    }

    /// Python's `split(separator)`; at most `limit` cuts.
    static func split(
        _ text: String, by separator: String, limit: Int = .max
    ) throws(TemplateError) -> [String] {
        guard limit > 0, separator.utf8.count <= text.utf8.count else { return [text] }
        let (bytes, mark) = (Array(text.utf8), Array(separator.utf8))
        var parts: [String] = []
        var start = 0
        try forEachPlace(of: mark, in: bytes) { place throws(TemplateError) in
            try Ledger.check(elementCount: parts.count + 2)
            parts.append(String(decoding: bytes[start..<place], as: UTF8.self))
            start = place + mark.count
            return parts.count < limit
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }

    /// The same from the right.
    static func splitFromRight(
        _ text: String, by separator: String, limit: Int
    ) throws(TemplateError) -> [String] {
        let parts = try split(text, by: separator)
        guard parts.count - 1 > limit else { return parts }
        let head = parts.dropLast(limit).joined(separator: separator)
        return [head] + parts.suffix(limit)
    }

    static func replaced(
        _ text: String, _ old: String, by new: String, limit: Int = .max
    ) throws(TemplateError) -> String {
        let places =
            try old.isEmpty
            ? min(text.unicodeScalars.count + 1, limit) : count(of: old, in: text, limit: limit)
        guard places > 0 else { return text }
        let (growth, isOver) = (new.utf8.count - old.utf8.count)
            .multipliedReportingOverflow(by: places)
        try Ledger.check(byteCount: isOver ? .max : text.utf8.count + growth)
        if old.isEmpty { return interspersed(text, with: new, places) }
        let (bytes, mark) = (Array(text.utf8), Array(old.utf8))
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + growth)
        var (start, count) = (0, 0)
        try forEachPlace(of: mark, in: bytes) { place in
            result += bytes[start..<place]
            result += new.utf8
            start = place + mark.count
            count += 1
            return count < places
        }
        return String(decoding: result + bytes[start...], as: UTF8.self)
    }

    /// With `new` before each of the first characters, and behind the last one.
    private static func interspersed(_ text: String, with new: String, _ places: Int) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count < places { result += new }
            count += 1
            result.unicodeScalars.append(scalar)
        }
        return count < places ? result + new : result
    }
}
