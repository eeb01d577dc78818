import Primitives
import Runtime

/// `bored pause`, `bored resume`: the owner's word, kept on disk and told to the running node.
enum PauseCommand {
    static func pause(_ settings: Settings) throws -> Int32 {
        let directory = try settings.dataDirectory()
        let time = try settings.time("for")
        let end = time.map { SystemClock.wallSeconds() + $0.milliseconds / 1_000 }
        try directory.pause(until: end)
        let isTold = directory.nudge()
        let length = time.map { "for \($0.milliseconds / 1_000) s" } ?? "until bored resume"
        report(settings, isPaused: true, isTold: isTold, sentence: "paused \(length)")
        return 0
    }

    static func resume(_ settings: Settings) throws -> Int32 {
        let directory = try settings.dataDirectory()
        try directory.resume()
        report(settings, isPaused: false, isTold: directory.nudge(), sentence: "resumed")
        return 0
    }

    private static func report(
        _ settings: Settings, isPaused: Bool, isTold: Bool, sentence: String
    ) {
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("paused", isPaused)
            line.add("nodeTold", isTold)
            Console.line(line.text)
        } else {
            Console.line(isTold ? sentence : sentence + "; no node runs here now")
        }
    }
}
