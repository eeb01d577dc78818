import Glibc
import Runtime

/// A program that was built beside these tests.
struct BuiltProgram {
    let path: String

    /// Nil, with a line that says so, where it was not built.
    init?(_ name: String) {
        let own = CommandLine.arguments[0]
        let folders = [own, own + "/../..", ".build/release/x", ".build/debug/x"].map { path in
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                .joined(separator: "/")
        }
        let paths = folders.map { $0 + "/" + name }
        guard let found = paths.first(where: { unsafe access($0, X_OK) == 0 }) else {
            print("SKIPPED: no program \(name) beside the tests")
            return nil
        }
        path = found
    }

    /// Runs it to its end: exit code (minus the signal's number where one ended it) and output.
    func run(_ arguments: [String]) throws -> (code: Int32, output: String) {
        let place = try TemporaryDirectory(prefix: "bored-tests")
        let log = place.path + "/log"
        let status = try ChildProcess(path: path, arguments: arguments, log: log).wait()
        let output = (try? FileBytes.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let signal = status & 0x7F
        return (signal == 0 ? (status >> 8) & 0xFF : -signal, output)
    }
}
