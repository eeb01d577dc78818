import Primitives

/// Bytes that are almost right: what a decoder has to survive.
struct Mutator {
    /// Whole and well-formed inputs to begin with.
    var corpus: [[UInt8]]
    var random: SeededRandom

    private static let longVarints: [[UInt8]] = [
        [0xFF, 0x7F], [0xFF, 0xFF, 0x03], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x80, 0x00],
    ]

    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: random.next()) }

    mutating func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

    private mutating func sample() -> [UInt8] { corpus[random.below(corpus.count)] }

    /// One case: noise, or an input of the corpus cut, bent, joined, or with a length at its most.
    mutating func next() -> [UInt8] {
        var bytes = sample()
        for _ in 0...random.below(3) { bytes = changed(bytes) }
        return bytes
    }

    private mutating func changed(_ input: [UInt8]) -> [UInt8] {
        guard !input.isEmpty else { return noise(random.below(64)) }
        var bytes = input
        let place = random.below(bytes.count)
        switch random.below(9) {
        case 0:
            // Noise behind a first byte that means something.
            return [bytes[0]] + noise(random.below(random.below(1_400) + 1))
        case 1: bytes.removeLast(bytes.count - place)
        case 2, 3:
            for _ in 0...random.below(6) {
                bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            }
        case 4:
            let other = sample()
            bytes = bytes[..<place] + other.suffix(random.below(other.count + 1))
        case 5:
            let long = Self.longVarints[random.below(Self.longVarints.count)]
            bytes.replaceSubrange(place..<min(bytes.count, place + 1), with: long)
        case 6:
            for index in place..<min(bytes.count, place + 1 + random.below(8)) {
                bytes[index] = random.below(2) == 0 ? 0xFF : 0
            }
        case 7: bytes.insert(contentsOf: noise(1 + random.below(40)), at: place)
        default:
            let end = min(bytes.count, place + 1 + random.below(64))
            bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count + 1))
        }
        return bytes
    }
}
