import Foundation
import Identity
import Primitives
import Sessions
import Testing

/// The files in Tests/Vectors.
func vectorFile(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors").appending(path: name)
}

private struct NoiseVector: Decodable {
    struct Message: Decodable {
        var payload: String
        var ciphertext: String
    }
    var protocol_name: String
    var init_prologue: String
    var init_static: String
    var init_ephemeral: String
    var init_remote_static: String
    var resp_static: String
    var resp_ephemeral: String
    var handshake_hash: String
    var messages: [Message]
}

struct NoiseTests {
    private func secret(_ text: String) throws -> Bytes32 {
        try #require(Bytes32(hexadecimal: text))
    }

    private func states(_ vector: NoiseVector) throws -> (NoiseIK, NoiseIK) {
        let suite = CryptoSuite.sodium
        let prologue = try #require(bytes(hexadecimal: vector.init_prologue))
        let (ours, theirs) = (try secret(vector.init_static), try secret(vector.resp_static))
        let theirKey = suite.agreementPublicKey(secret: theirs)
        #expect(theirKey.raw == (try secret(vector.init_remote_static)))
        let initiator = NoiseIK(
            initiating: theirKey, staticSecret: ours,
            staticKey: suite.agreementPublicKey(secret: ours),
            ephemeralSecret: try secret(vector.init_ephemeral), prologue: prologue, suite: suite)
        let responder = NoiseIK(
            respondingWith: theirs, staticKey: theirKey,
            ephemeralSecret: try secret(vector.resp_ephemeral), prologue: prologue, suite: suite)
        return (initiator, responder)
    }

    private func load() throws -> NoiseVector {
        try JSONDecoder().decode(
            NoiseVector.self, from: Data(contentsOf: vectorFile("noise-ik.json")))
    }

    @Test func `the handshake gives the bytes that cacophony published`() throws {
        let vector = try load()
        #expect(vector.protocol_name == NoiseIK.protocolName)
        var (initiator, responder) = try states(vector)
        let first = try #require(bytes(hexadecimal: vector.messages[0].payload))
        let written1 = initiator.writeInitiation(first)
        let initiation = try #require(written1)
        #expect(hexadecimal(initiation) == vector.messages[0].ciphertext)
        let read1 = responder.readInitiation(initiation)
        #expect(read1 == first)
        let second = try #require(bytes(hexadecimal: vector.messages[1].payload))
        let written2 = responder.writeResponse(second)
        let response = try #require(written2)
        #expect(hexadecimal(response) == vector.messages[1].ciphertext)
        let read2 = initiator.readResponse(response)
        #expect(read2 == second)
        #expect(hexadecimal(initiator.transcript) == vector.handshake_hash)
        #expect(responder.transcript == initiator.transcript)
        let keys = initiator.split()
        #expect(keys == responder.split())
        for (index, message) in vector.messages.dropFirst(2).enumerated() {
            let sealed = Sealing.seal(
                try #require(bytes(hexadecimal: message.payload)), authenticating: [],
                key: index % 2 == 0 ? keys.initiator : keys.responder, counter: UInt64(index / 2))
            #expect(hexadecimal(sealed) == message.ciphertext)
        }
    }

    @Test func `a handshake with one changed bit anywhere is refused`() throws {
        let (initiator, responder) = try states(try load())
        var speaker = initiator
        let written3 = speaker.writeInitiation([1, 2, 3])
        let initiation = try #require(written3)
        for index in initiation.indices {
            var forged = initiation
            forged[index] ^= 1
            var listener = responder
            let read3 = listener.readInitiation(forged)
            #expect(read3 == nil)
        }
        for count in 0..<initiation.count {
            var listener = responder
            let read4 = listener.readInitiation(Array(initiation.prefix(count)))
            #expect(read4 == nil)
        }
        var listener = responder
        let read5 = listener.readInitiation(initiation)
        #expect(read5 == [1, 2, 3])
        let written4 = listener.writeResponse([4])
        let response = try #require(written4)
        for index in response.indices {
            var forged = response
            forged[index] ^= 0x80
            var copy = speaker
            let read6 = copy.readResponse(forged)
            #expect(read6 == nil)
        }
    }

    @Test func `the replay window takes each counter once and none that is too old`() {
        var window = ReplayWindow()
        var random = SeededRandom(seed: 3)
        var seen: Set<UInt64> = []
        var highest: UInt64 = 0
        for _ in 0..<50_000 {
            let leap = random.below(1_000) == 0 ? random.below(30_000) : random.below(4)
            let counter =
                random.below(2) == 0
                ? highest + UInt64(leap) : highest - min(highest, UInt64(random.below(9_000)))
            let isOld = highest > counter && highest + 1 - counter > ReplayWindow.size
            #expect(window.isFresh(counter) == (!seen.contains(counter) && !isOld))
            if window.isFresh(counter) {
                window.mark(counter)
                seen.insert(counter)
                highest = max(highest, counter)
            }
        }
    }
}
