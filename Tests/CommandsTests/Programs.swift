import Commands
import Glibc
import Primitives
import Runtime

/// The `bored` program beside the tests' own bundle, run as a person runs it.
enum Programs {
    /// `.build/release/bored`, or nil with a line that says so.
    static func bored() -> String? {
        let own = CommandLine.arguments[0]
        let folders = [own, own + "/../..", ".build/release/x", ".build/debug/x"].map { path in
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                .joined(separator: "/")
        }
        let found = folders.map { $0 + "/bored" }.first { unsafe access($0, X_OK) == 0 }
        if found == nil { print("SKIPPED: no bored program beside the tests") }
        return found
    }

    /// Runs the program to its end: exit code and what it wrote.
    static func run(_ path: String, _ arguments: [String], in directory: String) throws
        -> (code: Int32, output: String)
    {
        let log = directory + "/run-\(arguments.hashValue)-\(SystemClock.now().nanoseconds).log"
        let status = try ChildProcess(path: path, arguments: arguments, log: log).wait()
        let output = (try? FileBytes.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return ((status >> 8) & 0xFF, output)
    }

    /// The field of the last line that holds it.
    static func field(_ name: String, of output: String) -> String? {
        for line in output.split(separator: "\n").reversed() {
            guard let start = line.firstRange(of: "\"\(name)\":") else { continue }
            let rest = line[start.upperBound...]
            if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
                return String(rest[...end])
            }
            return String(rest.prefix { $0 != "," && $0 != "}" })
        }
        return nil
    }
}
