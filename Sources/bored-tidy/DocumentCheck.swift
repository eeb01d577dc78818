import Foundation

/// Links resolve, and commands in documents exist.
struct DocumentCheck {
    let tree: Tree
    private let targets: Set<String>
    private let binary: String?
    private let commands: Set<String>

    init(tree: Tree, binary: String?) {
        self.tree = tree
        self.binary = binary
        var targets: Set<String> = []
        for line in tree.text("Makefile").split(separator: "\n") {
            guard let match = line.firstMatch(of: /^([a-z][\w -]*):(?!=)/) else { continue }
            for name in match.1.split(separator: " ") { targets.insert(String(name)) }
        }
        self.targets = targets
        var commands: Set<String> = []
        if let binary {
            for line in run(binary, ["--help"]).split(separator: "\n") {
                if let match = line.firstMatch(of: /^  ([a-z]+)\s/) {
                    commands.insert(String(match.1))
                }
            }
        }
        self.commands = commands
    }

    func check(_ path: String) -> [Finding] {
        var findings: [Finding] = []
        var isShell = false
        var isFenced = false
        for (index, line) in tree.text(path).split(
            separator: "\n", omittingEmptySubsequences: false
        ).enumerated() {
            var messages: [String] = []
            if line.hasPrefix("```") {
                isFenced.toggle()
                isShell = isFenced && ["```sh", "```bash", "```console"].contains(line)
            } else if isShell {
                messages = checkCommand(String(line))
            } else if !isFenced {
                messages = checkLinks(String(line), in: path)
            }
            findings += messages.map { Finding(path: path, line: index + 1, message: $0) }
        }
        return findings
    }

    private func checkLinks(_ line: String, in path: String) -> [String] {
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        // What stands between backticks is quoted, not linked.
        let text = line.replacing(/`[^`]*`/, with: "")
        return text.matches(of: /\]\(([^)\s]+)\)/).compactMap { match in
            let target = String(match.1.prefix { $0 != "#" })
            guard !target.isEmpty, !target.contains("://"), !target.hasPrefix("mailto:") else {
                return nil
            }
            let full = folder.isEmpty ? target : folder + "/" + target
            return tree.exists(full) ? nil : "the link to \(target) leads nowhere"
        }
    }

    /// Looks at each command of a line of shell.
    private func checkCommand(_ line: String) -> [String] {
        let bare = line.prefix { $0 != "#" }
        return bare.split(whereSeparator: { "|;&".contains($0) }).flatMap { part in
            var words = part.split(separator: " ").map(String.init)
            while let first = words.first, first.contains("=") || first == "$" {
                words.removeFirst()
            }
            guard let program = words.first?.split(separator: "/").last else { return [String]() }
            let rest = Array(words.dropFirst())
            switch program {
            case "make": return checkMake(rest)
            case "bored": return checkBored(rest)
            default: return []
            }
        }
    }

    private func checkMake(_ words: [String]) -> [String] {
        words.filter { !$0.contains("=") && !$0.hasPrefix("-") && !targets.contains($0) }
            .map { "the Makefile has no target '\($0)'" }
    }

    private func checkBored(_ words: [String]) -> [String] {
        guard let binary, let command = words.first, !command.hasPrefix("-") else { return [] }
        guard commands.contains(command) else { return ["bored has no command '\(command)'"] }
        // `model import` is one command of two words.
        let isPair = words.count > 1 && words[1].allSatisfy(\.isLowercase)
        let help = run(binary, Array(words.prefix(isPair ? 2 : 1)) + ["--help"])
        let known = Set(help.matches(of: /--[a-z][a-z-]*/).map { String($0.0) })
        return words.compactMap { word in
            guard let match = word.firstMatch(of: /^\[?(--[a-z][a-z-]*)/) else { return nil }
            return known.contains(String(match.1)) ? nil : "bored \(command) has no \(match.1)"
        }
    }
}

/// The standard output of a program, or nothing where it can't be run.
func run(_ program: String, _ arguments: [String]) -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return "" }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
}
