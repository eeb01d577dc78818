/// The bytes that a text in base64 stands for (RFC 4648, section 4), or nil where it is none.
func bytes(ofBase64 text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    let paddingCount = digits.suffix(2).count { $0 == UInt8(ascii: "=") }
    guard digits.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 4 * 3)
    var (bits, bitCount): (UInt32, Int) = (0, 0)
    for digit in digits.dropLast(paddingCount) {
        let value: UInt8
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): value = 62
        case UInt8(ascii: "/"): value = 63
        default: return nil
        }
        bits = bits << 6 | UInt32(value)
        bitCount += 6
        guard bitCount >= 8 else { continue }
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
    }
    // Bits that fill the last digit up are zero.
    return bits & (1 << UInt32(bitCount) - 1) == 0 ? bytes : nil
}
