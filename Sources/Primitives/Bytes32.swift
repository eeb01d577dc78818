/// Thirty-two bytes held as four words, so that tables compare and hash them without indirection.
///
/// The first byte on the wire is the most significant byte of `first`: comparing words in order
/// compares bytes in order.
public struct Bytes32: Hashable, Comparable, Sendable {
    public var first: UInt64
    public var second: UInt64
    public var third: UInt64
    public var fourth: UInt64

    public init(first: UInt64, second: UInt64, third: UInt64, fourth: UInt64) {
        self.first = first
        self.second = second
        self.third = third
        self.fourth = fourth
    }

    public static let zero = Bytes32(first: 0, second: 0, third: 0, fourth: 0)

    /// The value of exactly 32 bytes; traps on any other count.
    @inlinable
    public init(_ bytes: some Collection<UInt8>) {
        precondition(bytes.count == 32)
        self = .zero
        // One word after another moves up until each stands in its place.
        for byte in bytes {
            first = first << 8 | second >> 56
            second = second << 8 | third >> 56
            third = third << 8 | fourth >> 56
            fourth = fourth << 8 | UInt64(byte)
        }
    }

    /// Thirty-two bytes drawn from a generator: for tests, targets of lookups and simulated keys.
    public init(random: inout SeededRandom) {
        self.init(
            first: random.next(), second: random.next(), third: random.next(), fourth: random.next()
        )
    }

    public var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        for index in 0..<8 {
            let shift = UInt64(56 - 8 * index)
            bytes[index] = UInt8(truncatingIfNeeded: first >> shift)
            bytes[index + 8] = UInt8(truncatingIfNeeded: second >> shift)
            bytes[index + 16] = UInt8(truncatingIfNeeded: third >> shift)
            bytes[index + 24] = UInt8(truncatingIfNeeded: fourth >> shift)
        }
        return bytes
    }

    @inline(always)
    public static func < (left: Bytes32, right: Bytes32) -> Bool {
        if left.first != right.first { return left.first < right.first }
        if left.second != right.second { return left.second < right.second }
        if left.third != right.third { return left.third < right.third }
        return left.fourth < right.fourth
    }

    @inline(always)
    public static func ^ (left: Bytes32, right: Bytes32) -> Bytes32 {
        Bytes32(
            first: left.first ^ right.first, second: left.second ^ right.second,
            third: left.third ^ right.third, fourth: left.fourth ^ right.fourth)
    }

    /// How many leading bits are zero, 0 ... 256.
    public var leadingZeroBitCount: Int {
        if first != 0 { return first.leadingZeroBitCount }
        if second != 0 { return 64 + second.leadingZeroBitCount }
        if third != 0 { return 128 + third.leadingZeroBitCount }
        return 192 + fourth.leadingZeroBitCount
    }

    /// Sixty-four lower-case hexadecimal digits.
    public var hexadecimal: String { Primitives.hexadecimal(bytes) }

    /// The value of 64 hexadecimal digits, or nil.
    public init?(hexadecimal text: some StringProtocol) {
        guard let bytes = Primitives.bytes(hexadecimal: text), bytes.count == 32 else { return nil }
        self.init(bytes)
    }
}

/// Lower-case hexadecimal digits of bytes.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// The bytes that an even count of hexadecimal digits stands for, or nil.
public func bytes(hexadecimal text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in text.utf8 {
        let value: UInt8
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit - UInt8(ascii: "A") + 10
        default: return nil
        }
        if let first = high {
            bytes.append(first << 4 | value)
            high = nil
        } else {
            high = value
        }
    }
    return high == nil ? bytes : nil
}
