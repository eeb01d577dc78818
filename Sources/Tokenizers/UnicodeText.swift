import CUTF8Proc

/// What Unicode says of characters, by utf8proc. Texts are UTF-8 without errors.
enum UnicodeText {
    enum Form {
        case composed, decomposed, compatiblyComposed, compatiblyDecomposed

        fileprivate var options: utf8proc_option_t {
            let stable = UTF8PROC_STABLE.rawValue
            let compatible = UTF8PROC_COMPAT.rawValue
            return switch self {
            case .composed: utf8proc_option_t(stable | UTF8PROC_COMPOSE.rawValue)
            case .decomposed: utf8proc_option_t(stable | UTF8PROC_DECOMPOSE.rawValue)
            case .compatiblyComposed:
                utf8proc_option_t(stable | compatible | UTF8PROC_COMPOSE.rawValue)
            case .compatiblyDecomposed:
                utf8proc_option_t(stable | compatible | UTF8PROC_DECOMPOSE.rawValue)
            }
        }
    }

    /// The text in one of the four forms of UAX #15.
    static func normalized(_ text: [UInt8], _ form: Form) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) { return text }
        let options = form.options
        // One character becomes at most 18 (UAX #15, 14), nearly always less than 4.
        var codes = [Int32](repeating: 0, count: 4 * text.count)
        func decompose() -> Int {
            let room = codes.count
            return unsafe codes.withUnsafeMutableBufferPointer { buffer in
                // The text is read and the buffer written within this call.
                unsafe text.withUnsafeBufferPointer { source in
                    unsafe utf8proc_decompose(
                        source.baseAddress, source.count, buffer.baseAddress, room, options)
                }
            }
        }
        var count = decompose()
        if count > codes.count {
            codes = [Int32](repeating: 0, count: count)
            count = decompose()
        }
        guard count >= 0 else { return text }
        // Composes in place, over what decomposition wrote.
        count = unsafe codes.withUnsafeMutableBufferPointer { buffer in
            unsafe utf8proc_normalize_utf32(buffer.baseAddress, count, options)
        }
        guard count >= 0 else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for code in codes[..<count] {
            if let character = Unicode.Scalar(UInt32(bitPattern: code)) {
                append(character, to: &result)
            }
        }
        return result
    }

    /// The text whose characters became others, each by itself.
    static func mapped(
        _ text: [UInt8], _ change: (Unicode.Scalar) -> ArraySlice<Unicode.Scalar>
    ) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for character in String(decoding: text, as: UTF8.self).unicodeScalars {
            for new in change(character) { append(new, to: &result) }
        }
        return result
    }

    static func filtered(_ text: [UInt8], _ isKept: (Unicode.Scalar) -> Bool) -> [UInt8] {
        mapped(text) { isKept($0) ? [$0] : [] }
    }

    static func trimmed(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
        var characters = Array(String(decoding: text, as: UTF8.self).unicodeScalars)[...]
        if left { characters = characters.drop(while: isWhitespace) }
        while right, let last = characters.last, isWhitespace(last) { characters.removeLast() }
        var result: [UInt8] = []
        for character in characters { append(character, to: &result) }
        return result
    }

    /// Calls `body` with each extended grapheme cluster (UAX #29), in order.
    static func forEachCluster(of text: [UInt8], _ body: (ArraySlice<UInt8>) -> Void) {
        var (start, end) = (0, 0)
        var last: Int32?
        var state: Int32 = 0
        for character in String(decoding: text, as: UTF8.self).unicodeScalars {
            let code = Int32(bitPattern: character.value)
            // The state is read and written within the call.
            if let last, unsafe utf8proc_grapheme_break_stateful(last, code, &state) {
                body(text[start..<end])
                start = end
            }
            end += UTF8.width(character)
            last = code
        }
        if start < end { body(text[start..<end]) }
    }

    static func append(_ character: Unicode.Scalar, to text: inout [UInt8]) {
        text.append(contentsOf: UTF8.encode(character).map { Array($0) } ?? [])
    }

    /// NFD of one character.
    static func decomposition(of character: Unicode.Scalar) -> ArraySlice<Unicode.Scalar> {
        if character.isASCII { return [character] }
        var text: [UInt8] = []
        append(character, to: &text)
        let decomposed = normalized(text, .decomposed)
        return Array(String(decoding: decomposed, as: UTF8.self).unicodeScalars)[...]
    }

    /// As Rust's `char::to_lowercase`: only U+0130 becomes two characters.
    static func lowercased(_ character: Unicode.Scalar) -> [Unicode.Scalar] {
        if character.value == 0x130 { return ["i", "\u{307}"] }
        let code = utf8proc_tolower(Int32(bitPattern: character.value))
        return [Unicode.Scalar(UInt32(bitPattern: code)) ?? character]
    }

    // MARK: categories

    private static func category(_ character: Unicode.Scalar) -> utf8proc_category_t {
        utf8proc_category(Int32(bitPattern: character.value))
    }

    static func isNonspacingMark(_ character: Unicode.Scalar) -> Bool {
        category(character) == UTF8PROC_CATEGORY_MN
    }

    static func isMark(_ character: Unicode.Scalar) -> Bool {
        [UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_MC, UTF8PROC_CATEGORY_ME]
            .contains(category(character))
    }

    /// Category C without Cn.
    static func isAssignedControl(_ character: Unicode.Scalar) -> Bool {
        [
            UTF8PROC_CATEGORY_CC, UTF8PROC_CATEGORY_CF, UTF8PROC_CATEGORY_CO, UTF8PROC_CATEGORY_CS,
        ].contains(category(character))
    }

    /// The property White_Space.
    static func isWhitespace(_ character: Unicode.Scalar) -> Bool {
        switch character.value {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
            0x3000:
            true
        default: false
        }
    }

    /// Letters, marks, decimal digits and connectors: what `\w` matches.
    static func isWordCharacter(_ character: Unicode.Scalar) -> Bool {
        if character.isASCII {
            return character.properties.isAlphabetic || character == "_"
                || ("0"..."9").contains(character)
        }
        return [
            UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LT, UTF8PROC_CATEGORY_LM,
            UTF8PROC_CATEGORY_LO, UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_NL,
        ].contains(category(character)) || isMark(character)
    }

    /// The blocks that BERT sets apart, with the gap from U+2B820 that its readers share.
    static func isIdeograph(_ character: Unicode.Scalar) -> Bool {
        switch character.value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
            0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
