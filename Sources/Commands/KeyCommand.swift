import Identity
import Primitives
import Runtime

/// `bored key`: who this node is.
enum KeyCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        let directory = try settings.dataDirectory()
        let keys = try directory.keys()
        let running = directory.runningNode()
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("id", keys.id.description)
            line.add("signingKey", keys.signingKey.description)
            line.add("agreementKey", keys.agreementKey.description)
            line.add("puzzleNonce", raw: String(keys.puzzleNonce))
            if let running { line.add("listening", running.address.description) }
            Console.line(line.text)
            return 0
        }
        Console.line("node id        \(keys.id)")
        Console.line("signing key    \(keys.signingKey) (Ed25519)")
        Console.line("agreement key  \(keys.agreementKey) (X25519)")
        Console.line(
            running.map { "running        on \($0.address), swarm \($0.swarm)" }
                ?? "running        no")
        return 0
    }
}
