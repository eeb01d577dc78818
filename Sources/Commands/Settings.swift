import Checkpoints
public import Primitives
import Runtime

/// The settings of one command: defaults < configuration file < environment < command line.
///
/// The file (`--config PATH` or `BORED_CONFIG`) is a JSON object of option names; a list option
/// takes an array there, and in the environment words with commas between.
public struct Settings: Sendable {
    public let command: CommandSpecification
    public let operands: [String]
    public let wantsHelp: Bool
    private let values: [String: [String]]

    /// Layers the sources. `readFile` gives a file's bytes, or nil where there is none.
    public init(
        _ command: CommandSpecification, arguments: [String],
        environment: (String) -> String?, readFile: (String) -> [UInt8]?
    ) throws(UsageError) {
        let parsed = try ParsedArguments(arguments, of: command)
        self.command = command
        operands = parsed.operands
        wantsHelp = parsed.wantsHelp
        var values: [String: [String]] = [:]
        for option in command.options {
            if let standard = option.standard { values[option.name] = [standard] }
        }
        let path = parsed.values["config"]?.first ?? environment("BORED_CONFIG")
        if let path, !path.isEmpty, !wantsHelp {
            guard let bytes = readFile(path) else {
                throw UsageError("The configuration file \(path) can't be read.")
            }
            try Self.read(bytes, path: path, of: command, into: &values)
        }
        for option in command.options {
            guard let text = environment(option.environmentName), !text.isEmpty else { continue }
            values[option.name] = try Self.value(text, of: option)
        }
        for option in command.options {
            if let given = parsed.values[option.name] { values[option.name] = given }
        }
        self.values = values
    }

    // MARK: reading them

    public func flag(_ name: String) -> Bool { values[name]?.last == "true" }
    public func string(_ name: String) -> String? { values[name]?.last }
    public func list(_ name: String) -> [String] { values[name] ?? [] }

    /// An integer within bounds, or nil where nobody gave one.
    public func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw wrong(name, text, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A number within bounds, or nil where nobody gave one.
    public func number(_ name: String, in range: ClosedRange<Double>) throws(UsageError) -> Double?
    {
        guard let text = string(name) else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw wrong(name, text, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A number that `lower` itself is too low for.
    public func number(_ name: String, above lower: Double, upTo upper: Double)
        throws(UsageError) -> Double?
    {
        guard let value = try number(name, in: lower...upper) else { return nil }
        guard value > lower else {
            throw wrong(name, string(name) ?? "", "a number above \(lower), up to \(upper)")
        }
        return value
    }

    /// A seed: any number of 64 bits.
    public func seed(_ name: String) throws(UsageError) -> UInt64? {
        guard let text = string(name) else { return nil }
        guard let value = UInt64(text) else { throw wrong(name, text, "an integer of 64 bits") }
        return value
    }

    /// Bytes: `512`, `300M`, `2G`, `1.5GiB`; units are powers of 1024.
    public func byteCount(_ name: String) throws(UsageError) -> Int? {
        guard let text = string(name) else { return nil }
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let units = ["", "k", "m", "g", "t"]
        let unit = text.dropFirst(digits.count).lowercased().replacing("ib", with: "").replacing(
            "b", with: "")
        guard let amount = Double(digits), let power = units.firstIndex(of: unit),
            amount * Double(1 << (10 * power)) < 1e18
        else { throw wrong(name, text, "a size such as 512M or 2G") }
        return Int(amount * Double(1 << (10 * power)))
    }

    /// An address to bind: `ADDR:PORT`, where only a port stands for every address.
    public func address(_ name: String) throws(UsageError) -> PeerAddress? {
        guard let text = string(name) else { return nil }
        guard let address = PeerAddress(text) else {
            throw wrong(name, text, "an address such as 0.0.0.0:7777")
        }
        return address
    }

    private func wrong(_ name: String, _ text: String, _ expected: String) -> UsageError {
        UsageError("--\(name) takes \(expected), not '\(text)'.")
    }

    // MARK: sources

    private static func value(_ text: String, of option: OptionSpecification) throws(UsageError)
        -> [String]
    {
        switch option.kind {
        case .value: return [text]
        case .list: return text.split(separator: ",").map { String($0.trimmingSpaces) }
        case .flag: return try flag(text, of: option.environmentName)
        }
    }

    private static func flag(_ text: String, of name: String) throws(UsageError) -> [String] {
        guard let isSet = ["1": true, "true": true, "0": false, "false": false][text] else {
            throw UsageError("\(name) is 1 or 0, not '\(text)'.")
        }
        return [isSet ? "true" : "false"]
    }

    private static func read(
        _ bytes: [UInt8], path: String, of command: CommandSpecification,
        into values: inout [String: [String]]
    ) throws(UsageError) {
        let document: JSONValue
        do { document = try JSONValue(parsing: bytes, file: path) } catch {
            throw UsageError("The configuration file is not JSON. \(error)")
        }
        guard let object = document.object else {
            throw UsageError("The configuration file \(path) is not a JSON object.")
        }
        for (name, value) in zip(object.keys, object.values) {
            // One file may serve several commands.
            guard let option = command.option(name) else {
                if CommandList.all.contains(where: { $0.option(name) != nil }) { continue }
                throw UsageError("In \(path), '\(name)' is an option of no command.")
            }
            let texts = value.array?.map(text) ?? [text(value)]
            let isList = if case .list = option.kind { true } else { false }
            guard !texts.contains(nil), isList || value.array == nil else {
                throw UsageError("In \(path), '\(name)' is \(value.kind): that is no value of it.")
            }
            values[name] = texts.compactMap { $0 }
            if case .flag = option.kind, let text = texts.first ?? nil {
                values[name] = try Self.flag(text, of: "In \(path), '\(name)'")
            }
        }
    }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .bool(let value): value ? "true" : "false"
        default: nil
        }
    }
}

extension StringProtocol {
    fileprivate var trimmingSpaces: SubSequence {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map { index(after: $0) } ?? start
        return self[start..<end]
    }
}
