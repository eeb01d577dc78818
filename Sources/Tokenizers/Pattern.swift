import CPCRE2
import Primitives

/// A compiled regular expression of PCRE2, in Unicode mode. Immutable, so threads may share it.
///
/// It is interpreted and never compiled to machine code: that counts its steps in another way, has
/// a stack of its own, and is not there on every machine, so that a text would have other ids where
/// it meets a limit. Cutting a text into words takes four to six times as long for that, and
/// encoding it 15 to 45 percent longer.
final class Pattern: Sendable {
    // An address and not a pointer, because pointers are not Sendable.
    private let address: UInt

    /// Throws where `text` is no regular expression.
    init(_ text: String) throws(TokenizerError) {
        let bytes = Array(text.utf8)
        var code: Int32 = 0
        var offset = 0
        let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        // The pattern is copied by the call.
        let compiled = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe pcre2_compile_8(buffer.baseAddress, buffer.count, options, &code, &offset, nil)
        }
        guard let compiled = unsafe compiled else {
            throw .invalid(
                place: "pattern '\(text.prefix(80))'", expected: "a regular expression",
                found: "error \(code) at byte \(offset)")
        }
        address = UInt(bitPattern: compiled)
    }

    deinit { unsafe pcre2_code_free_8(OpaquePointer(bitPattern: address)) }

    /// Calls `body` with every match in `range` of `text`, in order. Each part is matched as if
    /// nothing were around it. `text` must be UTF-8 and `range` cut between characters. A match may
    /// be empty, but not where the last one ended. Returns false where a limit of the matcher was
    /// met; what follows was then not searched.
    func forEachMatch(
        in text: [UInt8], _ range: Range<Int>, _ body: (Range<Int>) -> Void
    ) -> Bool {
        // Data of this call alone; freed below.
        let data = unsafe pcre2_match_data_create_8(1, nil)
        let context = unsafe pcre2_match_context_create_8(nil)
        defer {
            unsafe pcre2_match_data_free_8(data)
            unsafe pcre2_match_context_free_8(context)
        }
        _ = unsafe pcre2_set_match_limit_8(context, Limits.patternMatchStepCount)
        _ = unsafe pcre2_set_heap_limit_8(context, Limits.patternMatchKibibytes)
        let code = unsafe OpaquePointer(bitPattern: address)
        return unsafe text[range].withUnsafeBufferPointer { subject in
            var start = 0
            var lastEnd: Int?
            while start <= subject.count, !subject.isEmpty {
                // Without NO_UTF_CHECK every call would look at the whole rest of the text.
                let count = unsafe pcre2_match_8(
                    code, subject.baseAddress, subject.count, start, UInt32(PCRE2_NO_UTF_CHECK),
                    data, context)
                if count == PCRE2_ERROR_NOMATCH { return true }
                // Zero is a match as well: of one with groups that the vector has no room for.
                guard count >= 0, let bounds = unsafe pcre2_get_ovector_pointer_8(data) else {
                    return false
                }
                // The vector has the two bounds of the match.
                let (lower, upper) = unsafe (bounds[0], bounds[1])
                guard lower >= start, upper >= lower else { return false }
                if upper == lower, upper == lastEnd {
                    start += 1
                    // Inside a character, whose bytes go on with 10xxxxxx.
                    while start < subject.count, unsafe subject[start] & 0xC0 == 0x80 { start += 1 }
                    continue
                }
                body(range.lowerBound + lower..<range.lowerBound + upper)
                (start, lastEnd) = (upper, upper)
            }
            return true
        }
    }
}
