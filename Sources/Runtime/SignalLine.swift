import Checkpoints
public import Presence
import Primitives

/// Reads what a vehicle's broker writes, one line at a time: `name value`, or JSON in the forms of
/// Kuksa and VISS. Everything else is counted and dropped.
public enum SignalLine {
    /// Takes the signals of one line into `vehicle`.
    public static func read(_ bytes: [UInt8], into vehicle: inout VehicleSignals) {
        guard bytes.count <= Limits.signalLineByteCount,
            let line = String(validating: bytes, as: UTF8.self)
        else {
            vehicle.countMalformed()
            return
        }
        let text = line.trimmingSpace
        guard let first = text.first, first != "#" else { return }
        guard first == "{" || first == "[" else {
            plain(text, into: &vehicle)
            return
        }
        guard let value = try? JSONValue(parsing: Array(text.utf8), file: "signals"),
            walk(value, depth: 0, into: &vehicle)
        else {
            vehicle.countMalformed()
            return
        }
    }

    /// `Vehicle.Speed 30.0`, `Vehicle.Speed: 30.0`, `Vehicle.Speed=30.0`.
    private static func plain(_ text: Substring, into vehicle: inout VehicleSignals) {
        let name = text.prefix { !$0.isWhitespace && $0 != ":" && $0 != "=" }
        var rest = text.dropFirst(name.count).trimmingSpace
        if rest.first == ":" || rest.first == "=" { rest = rest.dropFirst().trimmingSpace }
        guard !name.isEmpty, !rest.isEmpty else {
            vehicle.countMalformed()
            return
        }
        if rest.count > 1, rest.first == "\"", rest.last == "\"" {
            rest = rest.dropFirst().dropLast()
        }
        vehicle.take(String(name), .text(String(rest)))
    }

    /// False where nothing in the value is a signal.
    private static func walk(
        _ value: JSONValue, depth: Int, into vehicle: inout VehicleSignals
    ) -> Bool {
        guard depth < 8 else { return false }
        if let array = value.array {
            var found = false
            for element in array where walk(element, depth: depth + 1, into: &vehicle) {
                found = true
            }
            return found
        }
        guard let object = value.object else { return false }
        if let path = object["path"]?.string {
            guard let signal = scalar(object["value"] ?? object["dp"] ?? .null) else {
                return false
            }
            vehicle.take(path, signal)
            return true
        }
        if let data = object["data"] { return walk(data, depth: depth + 1, into: &vehicle) }
        var found = false
        for (name, member) in zip(object.keys, object.values) where name.hasPrefix("Vehicle.") {
            guard let signal = scalar(member) else { continue }
            vehicle.take(name, signal)
            found = true
        }
        return found
    }

    /// A value, or the value inside a data point with its time.
    private static func scalar(_ value: JSONValue) -> VehicleValue? {
        switch value {
        case .bool(let flag): .bool(flag)
        case .integer(let number): .number(Double(number))
        case .number(let number): .number(number)
        case .string(let text): .text(text)
        case .object(let object):
            object["value"].flatMap { inner in inner.object == nil ? scalar(inner) : nil }
        case .null, .array: nil
        }
    }
}

extension StringProtocol {
    fileprivate var trimmingSpace: SubSequence {
        var text = self[...]
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return text
    }
}
