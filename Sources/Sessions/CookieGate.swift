internal import Identity
internal import Primitives

/// Decides who may cost this node a handshake while many want one (WireGuard section 5.3).
struct CookieGate {
    enum Verdict { case welcome, askCookie, refuse }

    /// Handshakes of an address: 20 in a second, 5 at once.
    private struct Bucket {
        var owner = PeerAddress(high: 0, low: 0, port: 0)
        /// In thousandths of a handshake.
        var credit = 5_000
        var filledAt = Instant.origin
    }

    private let limit: Int
    private var windowStart = Instant.origin
    private var windowCount = 0
    private var secret: [UInt8]
    private var previousSecret: [UInt8]
    private var secretUntil = Instant.origin
    private var buckets: [Bucket] = []

    init(limit: Int, entropy: inout EntropyStream) {
        self.limit = limit
        secret = entropy.next32().bytes
        previousSecret = entropy.next32().bytes
    }

    /// Judges an initiation whose mac1 is right.
    mutating func judge(
        _ packet: [UInt8], from address: PeerAddress, at now: Instant,
        entropy: inout EntropyStream
    ) -> Verdict {
        if now.since(windowStart) >= .seconds(1) {
            windowStart = now
            windowCount = 0
        }
        windowCount += 1
        guard windowCount > limit else { return .welcome }
        rotate(at: now, entropy: &entropy)
        let covered = Array(packet.dropLast(Protocol.macByteCount))
        let mac2 = Array(packet.suffix(Protocol.macByteCount))
        guard
            mac2 == keyedHash16(key: cookie(secret, address), covered)
                || mac2 == keyedHash16(key: cookie(previousSecret, address), covered)
        else { return .askCookie }
        return draw(address, at: now) ? .welcome : .refuse
    }

    /// The cookie of an address and port, as long as the secret lives.
    mutating func cookie(
        for address: PeerAddress, at now: Instant, entropy: inout EntropyStream
    ) -> [UInt8] {
        rotate(at: now, entropy: &entropy)
        return cookie(secret, address)
    }

    private func cookie(_ secret: [UInt8], _ address: PeerAddress) -> [UInt8] {
        var writer = ByteWriter(reserving: 19)
        writer.write(address)
        return keyedHash16(key: secret, writer.bytes)
    }

    private mutating func rotate(at now: Instant, entropy: inout EntropyStream) {
        guard now >= secretUntil else { return }
        previousSecret = secret
        secret = entropy.next32().bytes
        secretUntil = now + Protocol.cookieLifetime
    }

    /// Limits each IPv4 address or IPv6 /64. Many nodes share a loopback address, where nobody can
    /// forge one: there the port tells them apart.
    private mutating func draw(_ address: PeerAddress, at now: Instant) -> Bool {
        if buckets.isEmpty {
            buckets = Array(repeating: Bucket(), count: Limits.limiterCount)
        }
        var owner = address
        if !address.isLoopback { owner.port = 0 }
        if !address.isIPv4 { owner.low = address.isLoopback ? address.low : 0 }
        var mixer = SeededRandom(
            seed: owner.high ^ owner.low &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(owner.port))
        let index = Int(mixer.next() % UInt64(buckets.count))
        if buckets[index].owner != owner {
            buckets[index] = Bucket(owner: owner, credit: 5_000, filledAt: now)
        }
        let earned = min(now.since(buckets[index].filledAt).nanoseconds / 50_000, 5_000)
        buckets[index].credit = min(5_000, buckets[index].credit + Int(earned))
        buckets[index].filledAt = now
        guard buckets[index].credit >= 1_000 else { return false }
        buckets[index].credit -= 1_000
        return true
    }
}
