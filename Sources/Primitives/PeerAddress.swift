/// An IP address and UDP port. IPv4 is held in its IPv6-mapped form (RFC 4291 section 2.5.5.2).
public struct PeerAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var high: UInt64
    public var low: UInt64
    public var port: UInt16

    @inline(always)
    public init(high: UInt64, low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
    }

    /// An IPv4 address from its four bytes in reading order.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, port: UInt16) {
        let word = UInt64(a) << 24 | UInt64(b) << 16 | UInt64(c) << 8 | UInt64(d)
        self.init(high: 0, low: 0x0000_FFFF_0000_0000 | word, port: port)
    }

    public var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        isIPv4 ? (low >> 24) & 0xFF == 127 : high == 0 && low == 1
    }

    /// Nobody can be reached at 0.0.0.0, at ::, or at port 0.
    public var isUnspecified: Bool {
        port == 0 || (high == 0 && (low == 0 || low == 0x0000_FFFF_0000_0000))
    }

    /// Loopback, RFC 1918, link-local, carrier NAT (RFC 6598) or unique local (RFC 4193) space.
    public var isPrivate: Bool {
        if isLoopback { return true }
        guard isIPv4 else { return high >> 57 == 0xFC >> 1 || high >> 54 == 0xFE80 >> 6 }
        let (a, b) = ((low >> 24) & 0xFF, (low >> 16) & 0xFF)
        return a == 10 || (a == 172 && b & 0xF0 == 16) || (a == 192 && b == 168)
            || (a == 169 && b == 254) || (a == 100 && b & 0xC0 == 64)
    }

    /// The /24 of an IPv4 address or the /48 of an IPv6 one: hosts that may have one owner.
    public var prefix: UInt64 { isIPv4 ? low >> 8 : high >> 16 | 1 << 63 }

    public static func < (left: PeerAddress, right: PeerAddress) -> Bool {
        if left.high != right.high { return left.high < right.high }
        if left.low != right.low { return left.low < right.low }
        return left.port < right.port
    }

    public var description: String { "\(host):\(port)" }

    /// The address without its port; IPv6 in brackets, without zero compression.
    public var host: String {
        if isIPv4 {
            return [24, 16, 8, 0].map { String((low >> UInt64($0)) & 0xFF) }.joined(separator: ".")
        }
        let groups = [high, low].flatMap { word in
            [48, 32, 16, 0].map { String((word >> UInt64($0)) & 0xFFFF, radix: 16) }
        }
        return "[" + groups.joined(separator: ":") + "]"
    }

    /// Reads `a.b.c.d:port` and `[v6]:port`; nil where the text is neither. Names are not resolved.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard let (high, low) = parseIPv6(host.dropFirst().dropLast()) else { return nil }
            self.init(high: high, low: low, port: port)
            return
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let a = parts[0], let b = parts[1], let c = parts[2],
            let d = parts[3]
        else { return nil }
        self.init(a, b, c, d, port: port)
    }
}

/// The two words of an IPv6 address in text form (RFC 4291 section 2.2), or nil.
private func parseIPv6(_ text: some StringProtocol) -> (UInt64, UInt64)? {
    let halves = String(text).split(separator: "::", omittingEmptySubsequences: false)
    guard halves.count <= 2 else { return nil }
    let groups = halves.map { half in half.split(separator: ":").map { UInt16($0, radix: 16) } }
    var values = groups[0]
    if groups.count == 2 {
        let missing = 8 - groups[0].count - groups[1].count
        guard missing >= 1 else { return nil }
        values += Array(repeating: 0, count: missing) + groups[1]
    }
    guard values.count == 8, !values.contains(nil) else { return nil }
    let words = values.compactMap { $0 }.map { UInt64($0) }
    let high = words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3]
    return (high, words[4] << 48 | words[5] << 32 | words[6] << 16 | words[7])
}
