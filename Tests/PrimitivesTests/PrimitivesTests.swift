import Primitives
import Testing

@Suite struct PrimitivesTests {
    @Test func `SplitMix64 gives its published sequence`() {
        var random = SeededRandom(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        for value in expected { #expect(random.next() == value) }
    }

    @Test func `time saturates instead of wrapping`() {
        #expect(Instant.never + .seconds(1) == .never)
        #expect(Instant.origin.since(.never) == .zero)
        #expect(Interval.seconds(1) - .seconds(2) == .zero)
    }

    @Test func `distance is the exclusive or, and its logarithm counts from one`() {
        let zero = NodeID(.zero)
        let near = NodeID(Bytes32(first: 0, second: 0, third: 0, fourth: 1))
        let far = NodeID(Bytes32(first: 1 << 63, second: 0, third: 0, fourth: 0))
        #expect(zero.logDistance(to: zero) == 0)
        #expect(zero.logDistance(to: near) == 1)
        #expect(zero.logDistance(to: far) == 256)
    }

    @Test(arguments: ["127.0.0.1:7777", "10.1.2.3:1", "[fe80:0:0:0:0:0:0:1]:65535"])
    func `an address reads back as it is written`(text: String) throws {
        let address = try #require(PeerAddress(text))
        #expect(address.description == text)
    }

    @Test(arguments: ["", ":", "1.2.3:4", "1.2.3.4", "1.2.3.4:65536", "[::1:7", "[1::2::3]:4"])
    func `what is no address is refused`(text: String) {
        #expect(PeerAddress(text) == nil)
    }

    @Test(arguments: [0, 1, 127, 128, 300, 1 << 32, UInt64.max])
    func `a varint reads back, and every truncation of it is refused`(value: UInt64) throws {
        var writer = ByteWriter()
        writer.writeVarint(value)
        var reader = ByteReader(writer.bytes)
        #expect(try reader.readVarint() == value)
        for count in 0..<writer.count {
            var short = ByteReader(Array(writer.bytes.prefix(count)))
            #expect(throws: WireError.truncated) { try short.readVarint() }
        }
    }

    @Test func `a varint that is longer than it must be is refused`() {
        var reader = ByteReader([0x80, 0x00])
        #expect(throws: WireError.invalid) { try reader.readVarint() }
    }

    @Test func `a part of a count is exact, and what is too large for a number is the largest`() {
        #expect(7.scaled(by: 10, over: 4) == 17)
        #expect(128.scaled(by: .max / 2, over: 129) == 4_575_936_514_408_570_942)
        #expect(Int.max.scaled(by: .max, over: .max) == .max)
        #expect(128.scaled(by: .max / 2, over: 1) == .max)
        #expect(Int.max.scaled(by: .max, over: 1) == .max)
        #expect(0.scaled(by: .max, over: 1) == 0)
    }

    @Test func `a ring refuses when it is full and keeps its order`() {
        var ring = Ring<Int>(capacity: 3)
        let added = (0..<4).map { ring.append($0) }
        #expect(added == [true, true, true, false])
        let first = ring.popFirst()
        let again = ring.append(4)
        var rest: [Int] = []
        while let next = ring.popFirst() { rest.append(next) }
        #expect(first == 0 && again && rest == [1, 2, 4])
    }

    @Test(arguments: [UInt64](1...3))
    func `a ring behaves as a queue with a limit while its storage grows`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var ring = Ring<Int>(capacity: 100)
        var model: [Int] = []
        var refusedCount = 0
        for number in 0..<5_000 {
            if random.below(100) < (number / 1_000 % 2 == 0 ? 70 : 30) {
                let isAdded = ring.append(number)
                #expect(isAdded == (model.count < 100))
                if isAdded { model.append(number) } else { refusedCount += 1 }
            } else {
                let popped = ring.popFirst()
                #expect(popped == (model.isEmpty ? nil : model.removeFirst()))
            }
            let (first, count) = (ring.first, ring.count)
            #expect(first == model.first && count == model.count)
        }
        #expect(refusedCount > 0)
    }

    @Test func `an outbox gives back each datagram as it came, up to its limit`() {
        var outbox = Outbox(capacity: 40)
        for round in 0..<3 {
            for index in 0..<40 {
                let bytes = [UInt8](repeating: UInt8(index + round), count: 1 + index * 30)
                outbox.append(bytes, to: PeerAddress(10, 0, 0, 1, port: UInt16(index)))
            }
            let isFull = outbox.isFull
            #expect(isFull)
            var seen = 0
            outbox.drain { bytes, address in
                #expect(bytes.count == 1 + seen * 30 && address.port == UInt16(seen))
                #expect(bytes[bytes.count - 1] == UInt8(seen + round))
                seen += 1
            }
            let isEmpty = outbox.count == 0
            #expect(seen == 40 && isEmpty)
        }
    }

    @Test(arguments: [UInt64](1...3))
    func `an ordered table behaves as a dictionary that is walked in order`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = OrderedTable<Int, Int>()
        var model: [Int: Int] = [:]
        for _ in 0..<2_000 {
            let (key, value) = (random.below(50), random.below(1_000))
            if random.below(3) == 0 {
                table[key] = nil
                model[key] = nil
            } else {
                table[key] = value
                model[key] = value
            }
        }
        #expect(table.keys == model.keys.sorted())
        for key in table.keys { #expect(table[key] == model[key]) }
    }
}
