import Primitives

extension JSONValue {
    /// Reads a document that is nothing but one value. Throws `.malformed` with the offset of the
    /// first byte that breaks RFC 8259, of a name that occurs twice in an object, or of a nesting
    /// deeper than `Limits.nestingDepth`. `offset` is added to the offsets in errors.
    public init(parsing bytes: [UInt8], file: String, offset: Int = 0) throws(CheckpointError) {
        var parser = JSONParser(bytes: bytes, file: file, offset: offset)
        self = try parser.document()
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let file: String
    let offset: Int
    var index = 0

    init(bytes: [UInt8], file: String, offset: Int) {
        self.bytes = bytes
        self.file = file
        self.offset = offset
    }

    mutating func document() throws(CheckpointError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw wrong("the end of the JSON text") }
        return value
    }

    func wrong(_ expected: String, at place: Int? = nil) -> CheckpointError {
        let place = place ?? index
        var found = "the end of the text"
        if place < bytes.count {
            let byte = bytes[place]
            let isPrintable = byte > 32 && byte < 127
            found =
                isPrintable
                ? "'\(Character(Unicode.Scalar(byte)))'" : "the byte \(hexadecimal([byte]))"
        }
        return .malformed(file: file, offset: offset + place, expected: expected, found: found)
    }

    mutating func skipSpace() {
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            index += 1
        }
    }

    mutating func skip(_ byte: Character) -> Bool {
        guard index < bytes.count, bytes[index] == byte.asciiValue else { return false }
        index += 1
        return true
    }

    mutating func value(depth: Int) throws(CheckpointError) -> JSONValue {
        skipSpace()
        guard depth < Limits.nestingDepth else {
            throw .malformed(
                file: file, offset: offset + index,
                expected: "at most \(Limits.nestingDepth) levels of nesting", found: "more")
        }
        guard index < bytes.count else { throw wrong("a JSON value") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    mutating func word(_ text: String, _ value: JSONValue) throws(CheckpointError) -> JSONValue {
        for byte in text.utf8 {
            guard index < bytes.count, bytes[index] == byte else { throw wrong("'\(text)'") }
            index += 1
        }
        return value
    }

    mutating func object(depth: Int) throws(CheckpointError) -> JSONObject {
        var object = JSONObject()
        index += 1
        skipSpace()
        if skip("}") { return object }
        while true {
            skipSpace()
            let start = index
            let key = try string()
            skipSpace()
            guard skip(":") else { throw wrong("':'") }
            guard object.add(try value(depth: depth + 1), for: key) else {
                throw .malformed(
                    file: file, offset: offset + start, expected: "each name once in an object",
                    found: "'\(key.prefix(80))' a second time")
            }
            skipSpace()
            if skip("}") { return object }
            guard skip(",") else { throw wrong("',' or '}'") }
        }
    }

    mutating func array(depth: Int) throws(CheckpointError) -> [JSONValue] {
        var values: [JSONValue] = []
        index += 1
        skipSpace()
        if skip("]") { return values }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if skip("]") { return values }
            guard skip(",") else { throw wrong("',' or ']'") }
        }
    }

    mutating func string() throws(CheckpointError) -> String {
        let start = index
        guard skip("\"") else { throw wrong("'\"'") }
        var text: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw wrong("a string in UTF-8", at: start)
                }
                return string
            case UInt8(ascii: "\\"):
                index += 1
                try appendEscape(to: &text)
            case 0..<0x20: throw wrong("an escape in place of a control character")
            default:
                text.append(byte)
                index += 1
            }
        }
        throw wrong("the end of the string that starts at byte \(offset + start)")
    }

    mutating func appendEscape(to text: inout [UInt8]) throws(CheckpointError) {
        guard index < bytes.count else { throw wrong("an escape") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            let start = index - 2
            var code = try fourDigits()
            if (0xD800..<0xDC00).contains(code), skip("\\"), skip("u") {
                let low = try fourDigits()
                guard (0xDC00..<0xE000).contains(low) else {
                    throw wrong("two halves of a surrogate pair", at: start)
                }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw wrong("two halves of a surrogate pair", at: start)
            }
            text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw wrong("one of the escapes of JSON", at: index - 1)
        }
    }

    mutating func fourDigits() throws(CheckpointError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count,
                let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue
            else { throw wrong("a hexadecimal digit") }
            code = code << 4 | UInt32(digit)
            index += 1
        }
        return code
    }

    mutating func digits() throws(CheckpointError) {
        let start = index
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) {
            index += 1
        }
        guard index > start else { throw wrong(start == 0 ? "a JSON value" : "a digit") }
    }

    mutating func number() throws(CheckpointError) -> JSONValue {
        let start = index
        _ = skip("-")
        let first = index
        try digits()
        guard index == first + 1 || bytes[first] != UInt8(ascii: "0") else {
            throw wrong("a number without a leading zero", at: first)
        }
        var isWhole = true
        if skip(".") {
            isWhole = false
            try digits()
        }
        if skip("e") || skip("E") {
            isWhole = false
            if !skip("+") { _ = skip("-") }
            try digits()
        }
        guard index - start <= 400 else { throw wrong("a number of at most 400 characters") }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw wrong("a number within the range of Float64", at: start)
        }
        return .number(value)
    }
}
