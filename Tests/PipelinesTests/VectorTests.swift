import Foundation
import Identity
import Pipelines
import Primitives
import Testing
import Wire

/// A conversation with a stage whose bytes `Tests/Vectors/pipelines.py` wrote.
@Suite struct `Pipelines' vectors` {
    private let table: [String: [UInt8]]

    init() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appending(path: "Vectors/pipelines.json"))
        table = try JSONDecoder().decode([String: String].self, from: data)
            .compactMapValues { bytes(hexadecimal: $0) }
    }

    private func vector(_ name: String) throws -> [UInt8] {
        try #require(table[name], "no vector \(name)")
    }

    /// The keys of `Node(number)` there.
    private func keys(_ number: UInt8) -> NodeKeys {
        NodeKeys(
            signingSeed: Bytes32([UInt8](repeating: number, count: 32)),
            agreementSecret: Bytes32([UInt8](repeating: number + 100, count: 32)), puzzleNonce: 0)
    }

    private func stage() throws -> PipelineCore {
        let record = try NodeRecord(decoding: vector("stageRecord"))
        #expect(record.id == keys(2).id && record.isAuthentic(suite: .sodium, puzzleBitCount: 0))
        var core = PipelineCore(
            keys: keys(2), record: record, puzzleBitCount: 0, firstNumber: 1)
        let model = Digest(Bytes32(try vector("modelDigest")))
        let holding = Holding(
            model: model, layers: LayerRange(0, 6), layerCount: 6, hasEnds: false)
        core.setHoldings([holding], acceptsStages: true)
        return core
    }

    @Test func `a stage answers each message with the bytes of another implementation`() throws {
        var core = try stage()
        var mail = Mail()
        let entry = NodeID(Bytes32(try vector("entryID")))
        let later = NodeID(Bytes32(try vector("laterID")))
        let now = Instant.origin + .seconds(1)

        /// What the stage sends for a message, while its shell opens caches and computes.
        func talk(_ name: String, computing output: String? = nil) throws -> [Letter] {
            core.receive(try vector(name), from: entry, at: now, into: &mail)
            while let event = core.nextEvent() {
                switch event {
                case .openCache(let offer):
                    core.cacheOpened(offer.request, refusal: nil, at: now, into: &mail)
                case .compute(let offer, let step):
                    #expect(offer.layers == LayerRange(1, 3) && offer.hiddenSize == 2)
                    core.computed(
                        step.request, step: step, output: try vector(output ?? ""),
                        microseconds: 250, at: now, into: &mail)
                default: continue
                }
            }
            var letters: [Letter] = []
            while let letter = mail.next() { letters.append(letter) }
            return letters
        }

        let steps: [(name: String, output: String?, reply: String?, recipient: NodeID)] = [
            ("openStage", nil, "stageOpened", entry),
            ("openOtherStage", nil, "stageRefused", entry),
            ("step", "madeBytes", "passedStep", later),
            ("askStage", nil, "stageStatus", entry),
            ("relinkStage", nil, nil, entry),
            ("openLastStage", nil, "lastStageOpened", entry),
            ("silentStep", "noBytes", "silentDone", entry),
            ("lastStep", "doneBytes", "stepDone", entry),
            ("unknownStep", nil, "stepFailed", entry),
            ("closeLastStage", nil, "lastStageAccount", entry),
            ("closeStage", nil, "stageAccount", entry),
        ]
        for step in steps {
            let letters = try talk(step.name, computing: step.output)
            let expected = try step.reply.map { try vector($0) }
            #expect(letters.map(\.bytes) == (expected.map { [$0] } ?? []), "\(step.name)")
            #expect(letters.allSatisfy { $0.recipient == step.recipient }, "\(step.name)")
        }
        #expect(core.counters.malformed == 0 && core.counters.unsigned == 0)
    }

    @Test func `rows are named and asked for with the bytes of another implementation`() throws {
        let entry = NodeID(Bytes32(try vector("entryID")))
        for isKnown in [true, false] {
            var core = try stage()
            var mail = Mail()
            core.receive(try vector("openStage"), from: entry, at: .origin, into: &mail)
            core.receive(try vector("namedStep"), from: entry, at: .origin, into: &mail)
            while let event = core.nextEvent() {
                if case .openCache(let offer) = event {
                    core.cacheOpened(
                        offer.request, refusal: nil, keepsRows: true, at: .origin, into: &mail)
                }
                guard case .compute(_, let step) = event else { continue }
                #expect(step.isNamed && step.names.count == 3 && step.rows.isEmpty)
                guard isKnown else {
                    core.rowsNotKnown(step.request, step: step, at: .origin, into: &mail)
                    continue
                }
                core.computed(
                    step.request, step: step, output: try vector("madeBytes"), microseconds: 250,
                    at: .origin, into: &mail)
            }
            let opened = mail.next()
            #expect(opened?.bytes == (try vector("stageOpenedKeeping")))
            let reply = mail.next()
            #expect(reply?.bytes == (try vector(isKnown ? "passedNamedStep" : "rowsWanted")))
            let isSilent = mail.isEmpty
            #expect(isSilent)
        }
    }

    @Test func `a call for layers is handed to the node`() throws {
        var core = try stage()
        var mail = Mail()
        let entry = NodeID(Bytes32(try vector("entryID")))
        core.receive(try vector("layersWanted"), from: entry, at: .origin, into: &mail)
        guard case .layersWanted(let model, let layers) = core.nextEvent() else {
            Issue.record("no event")
            return
        }
        #expect(model == Digest(Bytes32(try vector("modelDigest"))) && layers == LayerRange(4, 6))
        let isSilent = mail.isEmpty
        #expect(isSilent)
    }

    @Test func `each message that is cut is counted and answered by nobody`() throws {
        var core = try stage()
        var mail = Mail()
        let entry = NodeID(Bytes32(try vector("entryID")))
        for name in [
            "openStage", "askStage", "relinkStage", "closeStage", "cancel", "layersWanted",
            "namedStep", "rowsWanted",
        ] {
            let bytes = try vector(name)
            for count in 1..<bytes.count {
                let before = core.counters.malformed
                core.receive(Array(bytes[..<count]), from: entry, at: .origin, into: &mail)
                let (after, isSilent) = (core.counters.malformed, mail.isEmpty)
                #expect(after == before + 1 && isSilent, "\(name), \(count) bytes")
            }
        }
    }
}
