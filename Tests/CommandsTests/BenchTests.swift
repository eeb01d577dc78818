import Glibc
import Testing

/// Counts that `bored-bench` prints, and the fuzzer's short form. `make fuzz` runs the million.
@Suite(.serialized) struct BenchTests {
    private func environment(_ name: String) -> String? {
        // The environment does not change while tests run.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    @Test func `the fuzzer finds nothing`() throws {
        guard let bench = BuiltProgram("bored-bench") else { return }
        let cases = environment("BORED_FUZZ_CASES") ?? "250000"
        let (code, output) = try bench.run(["fuzz", cases])
        #expect(code == 0 && output.contains("found: nothing"), "\(code): \(output)")
        print(output)
    }

    /// The figure in front of `words` on the line that begins with `name`.
    private func figure(_ name: String, _ words: String, of output: String) -> Double? {
        for line in output.split(separator: "\n") where line.hasPrefix(name) {
            guard let end = line.firstRange(of: " " + words)?.lowerBound else { continue }
            return line[..<end].split(separator: " ").last.flatMap { Double($0) }
        }
        return nil
    }

    @Test func `the hot path allocates no more than it did`() throws {
        guard let bench = BuiltProgram("bored-bench") else { return }
        let (code, output) = try bench.run(["allocations"])
        #expect(code == 0, "\(output)")
        let limits: [(String, String, Double)] = [
            ("allocations, messages of 100 bytes", "per message", 2),
            ("allocations, messages of 8 KiB", "per packet", 1),
            ("allocations, chunks of 256 KiB", "per packet", 0.1),
        ]
        for (name, words, limit) in limits {
            let found = try #require(figure(name, words, of: output), "\(output)")
            #expect(found <= limit, "\(name): \(found) \(words)")
        }
        print(output)
    }
}
