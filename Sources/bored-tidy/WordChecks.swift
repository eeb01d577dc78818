import Foundation

/// Rooms that name no socket, file, clock, thread, task or system randomness.
let cores: Set<String> = [
    "Primitives", "Identity", "Wire", "Sessions", "Kademlia", "Gossip", "Presence", "Placement",
    "Shards", "Pipelines", "MeshNode", "Simulation", "Tensors", "Checkpoints", "Tokenizers",
    "Transformers",
]

/// What no core says, and what it says instead.
private let bannedInCores = [
    Rule(#"\b(ContinuousClock|SuspendingClock|Date|Duration)\b"#, "time is an argument (Instant)"),
    Rule(#"\bUUID\b|\bSystemRandomNumberGenerator\b"#, "chance is an argument (SeededRandom)"),
    Rule(#"\.random\(in:[^)]*\)(?<!using: &random\))"#, "chance is an argument: random(in:using:)"),
    Rule(#"\.(shuffled|randomElement)\(\)"#, "chance is an argument: using:"),
    Rule(#"\bhashValue\b"#, "a hash differs with every process"),
    Rule(#"\b(Task|async|await|actor)\b"#, "cores run to completion"),
    Rule(#"\bDispatch\w*"#, "cores know no thread"),
    Rule(#"(?<![.\w])print\("#, "cores emit events and no text"),
    Rule(
        #"\bimport (Foundation\w*|Glibc|Dispatch|Synchronization|CLinux)\b"#,
        "a core imports no machine"),
    Rule(#"@unchecked Sendable"#, "a core is a value"),
    Rule(#"\bstatic var \w+[^{]*$"#, "a core has no global state"),
]

private let bannedEverywhere = [
    Rule(#"\btry!|\bas!"#, "say what happens when it fails"),
    Rule(#"@testable"#, "tests test what is shipped"),
    Rule(#"-Ounchecked"#, "checks stay on"),
]

/// Words that a room may not say.
func checkWords(_ source: Source) -> [Finding] {
    guard source.isSwift, source.room != "bored-tidy" else { return [] }
    var rules = bannedEverywhere
    if let room = source.room, cores.contains(room) { rules += bannedInCores }
    var findings: [Finding] = []
    for (index, line) in source.code.enumerated() {
        for rule in rules {
            guard let word = rule.violation(in: line) else { continue }
            findings.append(
                Finding(path: source.path, line: index + 1, message: "'\(word)': \(rule.reason)"))
        }
    }
    return findings
}

/// The one room that wraps each C library.
private let wrappers: [String: Set<String>] = [
    "CSodium": ["Identity"], "CLZ4": ["Wire"], "CPCRE2": ["Tokenizers"],
    "CKernels": ["Tensors"], "CLinux": ["Runtime"], "CModel": ["Runtime"],
]

/// C libraries stay in the room that wraps them, and C symbols have their prefix.
func checkImports(_ source: Source) -> [Finding] {
    var findings: [Finding] = []
    for (index, line) in source.code.enumerated() {
        if let match = line.firstMatch(of: /^\s*(?:public |internal |private )?import (\w+)/),
            let allowed = wrappers[String(match.1)], let room = source.room,
            !allowed.contains(room)
        {
            let message = "\(match.1) belongs to \(allowed.sorted().joined(separator: ", "))"
            findings.append(Finding(path: source.path, line: index + 1, message: message))
        }
        if source.path.contains("/include/"),
            let match = line.firstMatch(of: /^\w[\w \*]*?\b(\w+)\([^)]*/),
            !match.1.hasPrefix("bored_"), !line.hasPrefix("typedef"), !line.hasPrefix("#")
        {
            let message = "the C symbol \(match.1) lacks the prefix bored_"
            findings.append(Finding(path: source.path, line: index + 1, message: message))
        }
    }
    return findings
}

private let leftovers: [Rule] = {
    // Words that one workplace wants to keep out, without writing them here.
    let more = ProcessInfo.processInfo.environment["BORED_TIDY_WORDS"] ?? ""
    let words = more.split(separator: ",").map {
        Rule("\\b" + NSRegularExpression.escapedPattern(for: String($0)) + "\\b", "")
    }
    return words + [
        Rule(#"\b(TODO|FIXME|XXX|HACK|WIP|stub|placeholder|lorem ipsum)\b"#, ""),
        Rule(#"(?<![\w./~-])/(home|root|work|Users)/\w"#, ""),
    ]
}()

/// Words of unfinished work, and paths of one machine.
func checkLeftovers(_ path: String, _ text: String) -> [Finding] {
    var findings: [Finding] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
        for rule in leftovers {
            guard let word = rule.violation(in: String(line)) else { continue }
            let message = "'\(word)' is not for a repository"
            findings.append(Finding(path: path, line: index + 1, message: message))
        }
    }
    return findings
}
