/// What an option takes behind its name.
public enum OptionKind: Hashable, Sendable {
    /// Nothing: it is there or not.
    case flag
    /// One value, called like this in the help: `ADDR:PORT`.
    case value(String)
    /// One value each time it is given.
    case list(String)
}

/// One option of a command.
public struct OptionSpecification: Hashable, Sendable {
    /// Without the dashes: `max-tokens`.
    public var name: String
    public var kind: OptionKind
    public var help: String
    /// What holds where nobody says anything; shown in the help.
    public var standard: String?
    /// What several of a list are called, where that is not the name with an s.
    public var plural: String?

    public init(
        _ name: String, _ kind: OptionKind, _ help: String, standard: String? = nil,
        plural: String? = nil
    ) {
        self.plural = plural
        self.name = name
        self.kind = kind
        self.help = help
        self.standard = standard
    }

    /// `max-tokens` is `BORED_MAX_TOKENS` in the environment; a list has its plural: `BORED_PEERS`.
    public var environmentName: String {
        let isList = if case .list = kind { true } else { false }
        let word = isList ? plural ?? name + "s" : name
        return "BORED_" + word.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
}

/// One command: its name, what it is for, what it takes.
public struct CommandSpecification: Hashable, Sendable {
    public var name: String
    public var summary: String
    /// What stands behind the name beside options: `TEXT`, `PATH`; empty where nothing does.
    public var operands: String
    public var operandCount: ClosedRange<Int>
    public var options: [OptionSpecification]
    /// Lines below the options in the help: examples, exit codes.
    public var notes: [String]

    public init(
        _ name: String, _ summary: String, operands: String = "",
        operandCount: ClosedRange<Int> = 0...0, options: [OptionSpecification] = [],
        notes: [String] = []
    ) {
        self.name = name
        self.summary = summary
        self.operands = operands
        self.operandCount = operandCount
        self.options = options
        self.notes = notes
    }

    func option(_ name: String) -> OptionSpecification? { options.first { $0.name == name } }
}

/// A mistake of whoever typed the command, in one sentence; the process ends with code 64 (EX_USAGE
/// of sysexits.h).
public struct UsageError: Error, Hashable, Sendable, CustomStringConvertible {
    public static let exitCode: Int32 = 64
    public let description: String

    public init(_ sentence: String) { description = sentence }
}

/// The arguments of one command, read: options by name, and operands.
public struct ParsedArguments: Hashable, Sendable {
    public private(set) var operands: [String] = []
    private(set) var values: [String: [String]] = [:]
    /// `--help` or `-h` was among them; nothing else was checked then.
    public private(set) var wantsHelp = false

    /// Reads `--name value`, `--name=value`, flags, and operands; `--` ends the options.
    public init(_ arguments: [String], of command: CommandSpecification) throws(UsageError) {
        if arguments.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" })
        {
            wantsHelp = true
            return
        }
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" {
                operands += arguments[index...]
                break
            }
            // A single dash stands for the standard input.
            guard argument.hasPrefix("-"), argument != "-", Double(argument) == nil else {
                operands.append(argument)
                continue
            }
            try readOption(argument, arguments, &index, of: command)
        }
        guard command.operandCount.contains(operands.count) else {
            throw wrongOperands(of: command)
        }
    }

    private mutating func readOption(
        _ argument: String, _ arguments: [String], _ index: inout Int,
        of command: CommandSpecification
    ) throws(UsageError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let typed = String(parts[0])
        guard typed.hasPrefix("--"), let option = command.option(String(typed.dropFirst(2))) else {
            throw unknownOption(typed, of: command)
        }
        if option.kind == .flag {
            guard parts.count == 1 else { throw UsageError("\(typed) takes no value.") }
            values[option.name] = ["true"]
            return
        }
        var value = parts.count == 2 ? String(parts[1]) : nil
        if value == nil, index < arguments.count {
            value = arguments[index]
            index += 1
        }
        guard let value else {
            throw UsageError("\(typed) needs a value: \(typed) \(option.form).")
        }
        if case .list = option.kind {
            values[option.name, default: []].append(value)
            return
        }
        guard values[option.name] == nil else { throw UsageError("\(typed) is given twice.") }
        values[option.name] = [value]
    }

    private func wrongOperands(of command: CommandSpecification) -> UsageError {
        if operands.count > command.operandCount.upperBound {
            let extra = operands[command.operandCount.upperBound]
            return UsageError(
                "bored \(command.name) does not know what to do with '\(extra)': "
                    + "see bored \(command.name) --help.")
        }
        return UsageError(
            "bored \(command.name) needs \(command.operands): see bored \(command.name) --help.")
    }

    private func unknownOption(_ typed: String, of command: CommandSpecification) -> UsageError {
        let known = command.options.map { "--" + $0.name } + ["--help"]
        var sentence = "bored \(command.name) has no option \(typed)"
        if let near = nearest(to: typed, among: known) { sentence += ": did you mean \(near)?" }
        return UsageError(sentence.hasSuffix("?") ? sentence : sentence + ".")
    }
}

extension OptionSpecification {
    /// What stands for its value in the help.
    var form: String {
        switch kind {
        case .flag: ""
        case .value(let form), .list(let form): form
        }
    }
}

/// The word of `known` that is at most a third of its length away from `typed`, or nil.
public func nearest(to typed: String, among known: [String]) -> String? {
    let best = known.map { ($0, editDistance(typed, $0)) }.min { $0.1 < $1.1 }
    guard let (word, distance) = best, distance <= max(1, word.count / 3) else { return nil }
    return word
}

/// Levenshtein's distance between two words.
private func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in right.indices {
            let replaced = diagonal + (character == right[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
        }
    }
    return row[right.count]
}
