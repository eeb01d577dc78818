import Commands
import Glibc
import Primitives
import Runtime
import Testing

/// Stages of real processes are killed in the middle of texts; `Scripts/test-recovery.py` does it
/// at length.
@Suite(.serialized) struct RecoveryProcessTests {
    @Test(.timeLimit(.minutes(2)))
    func `a text goes on unchanged when a stage of its chain is killed`() throws {
        guard let path = BoredProgram.path() else { return }
        let place = try TemporaryDirectory(prefix: "bored-tests")
        let fleet = try NodeFleet(path, in: place.path, count: 6, layers: 2)
        defer { fleet.end() }
        try fleet.waitUntilHeldTwice()
        var mendCount = 0
        // Each run costs another third of the model one of its two holders.
        for stage in 0..<3 {
            let common = [
                "prompt", "Once upon a time \(stage)", "--raw", "--json", "--stats", "--seed",
                "\(stage)", "--max-tokens", "150", "--temperature", "1",
            ]
            let alone = try BoredProgram.run(
                path, common + ["--alone", "--data", place.path + "/alone"], in: place.path)
            let log = place.path + "/prompt\(stage).log"
            let prompt = try ChildProcess(
                path: path, arguments: common + fleet.contacts + ["--wait", "30"], log: log)
            try fleet.kill(stage: stage, ofTextIn: log, afterTokens: 5 + 10 * stage)
            let status = prompt.wait()
            let mesh = (try? FileBytes.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            #expect(alone.code == 0 && status == 0, "\(mesh)")
            let ids = BoredProgram.field("ids", of: alone.output)
            #expect(ids != nil && ids == BoredProgram.field("ids", of: mesh))
            mendCount += BoredProgram.field("mended", of: mesh).flatMap { Int($0) } ?? 0
        }
        // A text may be over before its stage is.
        #expect(mendCount >= 1)
    }
}
