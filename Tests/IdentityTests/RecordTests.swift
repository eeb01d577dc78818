import Identity
import Primitives
import Testing

@Suite struct RecordTests {
    private let keys = NodeKeys.seeded(5)
    private let address = PeerAddress(192, 0, 2, 7, port: 4_242)

    @Test func `a record is the bytes that another implementation writes`() throws {
        let vectors = try Vectors()
        let keys = NodeKeys(
            signingSeed: try vectors.raw("signingSeed"),
            agreementSecret: try vectors.raw("agreementSecret"),
            puzzleNonce: UInt64(try vectors["puzzleNonce"][0]))
        let there = try #require(PeerAddress("[2001:db8::1]:443"))
        let record = NodeRecord(
            keys: keys, sequence: 9, addresses: [address, there], flags: .metered,
            region: "eu-west")
        #expect(try record.encoded == vectors["record"])
        let read = try NodeRecord(decoding: vectors["record"])
        #expect(try read == record && read.id.bytes == vectors["solvedID"])
        #expect(read.isAuthentic(suite: .sodium, puzzleBitCount: 8))
        #expect(!read.isAuthentic(suite: .sodium, puzzleBitCount: 40))
        #expect(!read.isAuthentic(suite: .simulated, puzzleBitCount: 0))
    }

    @Test func `what a later version adds is kept and stays under the signature`() throws {
        let bytes = try Vectors()["extendedRecord"]
        let record = try NodeRecord(decoding: bytes)
        #expect(record.encoded == bytes)
        #expect(record.isAuthentic(suite: .sodium, puzzleBitCount: 8))
        var bent = bytes
        bent[bytes.count - 66] ^= 1
        let read = try NodeRecord(decoding: bent)
        #expect(!read.isAuthentic(suite: .sodium, puzzleBitCount: 8))
    }

    @Test func `no byte of a record can be changed`() {
        let record = NodeRecord(keys: keys, sequence: 1, addresses: [address], region: "eu")
        for index in record.encoded.indices {
            var bent = record.encoded
            bent[index] ^= 0x20
            let read = try? NodeRecord(decoding: bent)
            let isBelieved = read?.isAuthentic(suite: .sodium, puzzleBitCount: 0) ?? false
            #expect(!isBelieved, "byte \(index)")
        }
    }

    @Test func `a record that is cut or followed by something is refused`() {
        let bytes = NodeRecord(keys: keys, sequence: 1, addresses: [address]).encoded
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) { try NodeRecord(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: WireError.trailing) { try NodeRecord(decoding: bytes + [0]) }
        let long = bytes + [UInt8](repeating: 0, count: Limits.recordByteCount)
        #expect(throws: WireError.overLimit) { try NodeRecord(decoding: long) }
    }

    @Test func `the longest record is within its limit, and one address more is refused`() throws {
        let addresses = Array(repeating: address, count: Limits.recordAddressCount)
        let record = NodeRecord(
            keys: keys, sequence: .max, addresses: addresses, region: "12345678")
        #expect(record.encoded.count <= Limits.recordByteCount)
        #expect(try NodeRecord(decoding: record.encoded) == record)
        // The count of addresses stands behind version, flags, scheme, sequence, two keys, nonce
        // and the region with its length.
        var bent = record.encoded
        let place = 3 + 8 + 64 + 8 + 9
        #expect(bent[place] == UInt8(Limits.recordAddressCount))
        bent[place] += 1
        #expect(throws: WireError.overLimit) { try NodeRecord(decoding: bent) }
    }

    @Test(arguments: ["\u{1B}c", "eu\n", "\u{9B}2J"])
    func `a region that would steer a terminal is refused`(region: String) {
        let record = NodeRecord(keys: keys, sequence: 1, addresses: [address], region: region)
        #expect(throws: WireError.invalid) { try NodeRecord(decoding: record.encoded) }
    }

    @Test func `versions, address families and regions that do not exist are refused`() {
        let bytes = NodeRecord(
            keys: keys, sequence: 1, addresses: [address], region: "eu"
        ).encoded
        func reading(_ index: Int, _ value: UInt8) -> WireError? {
            var bent = bytes
            bent[index] = value
            do throws(WireError) {
                _ = try NodeRecord(decoding: bent)
                return nil
            } catch {
                return error
            }
        }
        #expect(reading(0, 2) == .invalid)
        #expect(reading(83, 9) == .overLimit)
        #expect(reading(84, 0xFF) == .invalid)
        #expect(reading(87, 6) == .invalid)
        #expect(reading(87, 5) == .invalid)
    }
}
