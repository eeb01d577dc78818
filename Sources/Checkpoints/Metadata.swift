/// A typed value of a model's metadata. Arrays have elements of one kind.
public enum MetadataValue: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)
    case strings([String])
    case integers([Int64])
    case doubles([Double])
    case bools([Bool])
    case arrays([MetadataValue])

    /// What it is, for messages.
    public var kind: String {
        switch self {
        case .string(let text): "the string '\(text.prefix(80))'"
        case .integer(let value): "the integer \(value)"
        case .double(let value): "the number \(value)"
        case .bool(let value): "\(value)"
        case .strings(let all): "an array of \(all.count) strings"
        case .integers(let all): "an array of \(all.count) integers"
        case .doubles(let all): "an array of \(all.count) numbers"
        case .bools(let all): "an array of \(all.count) booleans"
        case .arrays(let all): "an array of \(all.count) arrays"
        }
    }
}

/// What a model's files say about it: values by key, in the order in which they came.
///
/// Keys are GGUF's (`llama.block_count`, `tokenizer.chat_template`), also for models that were read
/// from a Hugging Face directory.
public struct Metadata: Sendable {
    public private(set) var keys: [String] = []
    private var values: [String: MetadataValue] = [:]
    /// The file that the values came from, for messages.
    public let file: String

    public init(file: String) { self.file = file }

    public subscript(key: String) -> MetadataValue? { values[key] }

    /// Adds a value; false where the key is taken, and then nothing changed.
    @discardableResult
    public mutating func add(_ value: MetadataValue, for key: String) -> Bool {
        guard values[key] == nil else { return false }
        keys.append(key)
        values[key] = value
        return true
    }

    /// The string under `key`, or nil where there is no such key; another kind of value is thrown.
    public func string(_ key: String) throws(CheckpointError) -> String? {
        switch values[key] {
        case nil: return nil
        case .string(let text): return text
        case .some(let other): throw mismatch(key, "a string", other)
        }
    }

    /// The integer under `key`; a number without a fraction counts as one.
    public func integer(_ key: String) throws(CheckpointError) -> Int? {
        switch values[key] {
        case nil: return nil
        case .integer(let value): return Int(value)
        case .double(let value) where wholeNumber(value) != nil: return Int(value)
        case .some(let other): throw mismatch(key, "an integer", other)
        }
    }

    /// The number under `key`, integer or not.
    public func double(_ key: String) throws(CheckpointError) -> Double? {
        switch values[key] {
        case nil: return nil
        case .double(let value): return value
        case .integer(let value): return Double(value)
        case .some(let other): throw mismatch(key, "a number", other)
        }
    }

    public func bool(_ key: String) throws(CheckpointError) -> Bool? {
        switch values[key] {
        case nil: return nil
        case .bool(let value): return value
        case .some(let other): throw mismatch(key, "true or false", other)
        }
    }

    public func strings(_ key: String) throws(CheckpointError) -> [String]? {
        switch values[key] {
        case nil: return nil
        case .strings(let all): return all
        case .some(let other): throw mismatch(key, "an array of strings", other)
        }
    }

    public func integers(_ key: String) throws(CheckpointError) -> [Int64]? {
        switch values[key] {
        case nil: return nil
        case .integers(let all): return all
        case .integer(let value): return [value]
        case .some(let other): throw mismatch(key, "an array of integers", other)
        }
    }

    public func doubles(_ key: String) throws(CheckpointError) -> [Double]? {
        switch values[key] {
        case nil: return nil
        case .doubles(let all): return all
        case .integers(let all): return all.map { Double($0) }
        case .some(let other): throw mismatch(key, "an array of numbers", other)
        }
    }

    private func mismatch(
        _ key: String, _ expected: String, _ found: MetadataValue
    ) -> CheckpointError {
        .metadata(file: file, key: key, expected: expected, found: found.kind)
    }
}
