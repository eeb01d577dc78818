/// Help texts, aligned, at most 100 columns wide.
public enum Help {
    private static let width = 100

    /// What `bored COMMAND --help` prints.
    public static func text(of command: CommandSpecification) -> String {
        let operands = command.operands.isEmpty ? "" : " " + command.operands
        var lines = ["usage: bored \(command.name)\(operands) [options]", "", command.summary]
        var rows: [(String, String)] = command.options.map { option in
            let repeated = if case .list = option.kind { "..." } else { "" }
            let left = "--\(option.name) \(option.form)\(repeated)"
            let standard = option.standard.map { " [\($0)]" } ?? ""
            return (left, "\(option.help)\(standard) (\(option.environmentName))")
        }
        rows.append(("--help", "this text"))
        lines += ["", "options:"] + table(rows)
        if !command.notes.isEmpty { lines += [""] + command.notes }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What `bored --help` prints.
    public static func overview(_ commands: [CommandSpecification], about: String) -> String {
        var lines = ["usage: bored COMMAND [options]", "", about, "", "commands:"]
        lines += table(commands.map { ($0.name, $0.summary) })
        lines += ["", "bored COMMAND --help tells more of each."]
        return lines.joined(separator: "\n") + "\n"
    }

    /// The command of a name, or the sentence that names the nearest.
    public static func command(_ name: String, among commands: [CommandSpecification])
        throws(UsageError) -> CommandSpecification
    {
        if let command = commands.first(where: { $0.name == name }) { return command }
        let near = nearest(to: name, among: commands.map(\.name))
        let hint = near.map { ": did you mean bored \($0)?" } ?? ": see bored --help."
        throw UsageError("bored has no command '\(name)'\(hint)")
    }

    /// Two columns; the right one is broken between words.
    static func table(_ rows: [(String, String)]) -> [String] {
        let column = min(32, (rows.map { $0.0.count }.max() ?? 0) + 4)
        var lines: [String] = []
        for (left, right) in rows {
            var line = "  " + left
            if line.count >= column {
                lines.append(line)
                line = ""
            }
            for word in right.split(separator: " ") {
                let gap = line.count < column ? column - line.count : 1
                if line.count + gap + word.count > width, line.count > column {
                    lines.append(line)
                    line = String(repeating: " ", count: column) + word
                } else {
                    line += String(repeating: " ", count: gap) + word
                }
            }
            lines.append(line)
        }
        return lines.map { $0.trimmingTrailingSpaces }
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        String(
            prefix((lastIndex { $0 != " " }.map { distance(from: startIndex, to: $0) + 1 }) ?? 0))
    }
}
