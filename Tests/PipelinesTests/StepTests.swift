import Identity
import Pipelines
import Primitives
import Testing
import Wire

@Suite struct `a step` {
    @Test(arguments: [(64, 256), (4_096, 255), (16_384, 63), (65_536, 15)])
    func `has as many rows as a message holds`(hiddenSize: Int, expected: Int) {
        let count = Step.rowCountMaximum(hiddenSize: hiddenSize)
        #expect(count == expected)
        // Kind, request, five numbers, a time for each stage.
        let headerByteCount = 1 + 40 + 5 * 10 + 10 + 4 * Limits.chainStageCount
        #expect(headerByteCount <= Limits.stepHeaderByteCount)
        #expect(headerByteCount + count * hiddenSize * 4 <= Limits.messageByteCount)
    }

    @Test func `comes back with the rows that were wanted, and with none where none was`() throws {
        let rig = Rig(layerCount: 2, [LayerRange(0, 2)])
        rig.members[1].stepTime = .milliseconds(50)
        // Nothing is wanted of the first four rows, of the other three the results of two.
        rig.ask([rig.members[1].link], prompt: [4, 3], decodeCount: 5)
        rig.run(.milliseconds(20))
        let request = try #require(rig.request)
        func done(index: UInt8, _ position: UInt8, _ rowCount: UInt8, wanted: UInt8, rows: Int) {
            var bytes = [MessageKind.stepDone.rawValue] + request.bytes
            bytes += [1, index, position, rowCount, wanted, 0]
            bytes += [UInt8](repeating: 7, count: rows * Rig.rowByteCount)
            let before = rig.members[0].core.counters.malformed
            rig.speak(0) { core, now, mail in
                core.receive(bytes, from: rig.members[1].keys.id, at: now, into: &mail)
            }
            #expect(rig.members[0].core.counters.malformed == before + 1)
        }
        done(index: 0, 0, 4, wanted: 0, rows: 4)
        done(index: 0, 0, 4, wanted: 4, rows: 4)
        done(index: 0, 3, 1, wanted: 1, rows: 1)
        done(index: 0, 1, 4, wanted: 0, rows: 0)
        done(index: 0, 0, 0, wanted: 0, rows: 0)
        done(index: 1, 4, 3, wanted: 0, rows: 0)
        done(index: 1, 5, 2, wanted: 2, rows: 0)
        done(index: 1, 5, 2, wanted: 2, rows: 1)
        rig.run(.seconds(5)) { $0.isDone }
        #expect(rig.isRight && rig.losses.isEmpty)
        #expect(rig.results.first == [])
    }
}
