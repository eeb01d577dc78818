/// A value as a vehicle's broker gives it.
public enum VehicleValue: Hashable, Sendable {
    case bool(Bool)
    case number(Double)
    case text(String)
}

/// What a vehicle has said of itself, by the names of COVESA's Vehicle Signal Specification 4.
///
/// A value holds until the next one of its name: brokers speak when something changes. Names that
/// matter to nobody here, and values that are none, are counted and dropped.
public struct VehicleSignals: Hashable, Sendable {
    public private(set) var isMoving: Bool?
    /// Kilometres an hour; negative backwards.
    public private(set) var speed: Double?
    /// Whether the low-voltage system is `ON` or `START`: somebody is about to drive.
    public private(set) var isSwitchedOn: Bool?
    public private(set) var batteryPercent: Double?
    public private(set) var isCharging: Bool?
    public private(set) var batteryCelsius: Double?

    public private(set) var takenCount: UInt64 = 0
    public private(set) var unknownCount: UInt64 = 0
    public private(set) var malformedCount: UInt64 = 0

    public init() {}

    private static let battery = "Vehicle.Powertrain.TractionBattery."

    /// The names that are understood.
    public static let names = [
        "Vehicle.IsMoving", "Vehicle.Speed", "Vehicle.LowVoltageSystemState",
        battery + "StateOfCharge.Current", battery + "Charging.IsCharging",
        battery + "Temperature.Average",
    ]

    /// One signal; true where it was understood.
    @discardableResult
    public mutating func take(_ name: String, _ value: VehicleValue) -> Bool {
        guard let index = Self.names.firstIndex(of: name) else {
            unknownCount += 1
            return false
        }
        var isGood = true
        switch index {
        case 0: isGood = set(\.isMoving, value.bool)
        case 1: isGood = set(\.speed, value.number(in: -500...500))
        case 2: isGood = set(\.isSwitchedOn, Self.isOn(value))
        case 3: isGood = set(\.batteryPercent, value.number(in: 0...100))
        case 4: isGood = set(\.isCharging, value.bool)
        default: isGood = set(\.batteryCelsius, value.number(in: -100...200))
        }
        if isGood { takenCount += 1 } else { malformedCount += 1 }
        return isGood
    }

    /// A line that held no signal.
    public mutating func countMalformed() { malformedCount += 1 }

    /// Puts what the vehicle said in place of what the machine's own sensors read.
    public func write(into signals: inout Signals) {
        let moves = [isMoving, speed.map { $0 != 0 }, isSwitchedOn].compactMap { $0 }
        if !moves.isEmpty { signals.isMoving = moves.contains(true) }
        if let batteryPercent { signals.batteryPercent = Int(batteryPercent) }
        if let isCharging { signals.isCharging = isCharging }
        if let batteryCelsius { signals.batteryCelsius = Int(batteryCelsius.rounded(.up)) }
    }

    private mutating func set<Value>(
        _ path: WritableKeyPath<VehicleSignals, Value?>, _ value: Value?
    ) -> Bool {
        guard let value else { return false }
        self[keyPath: path] = value
        return true
    }

    private static func isOn(_ value: VehicleValue) -> Bool? {
        guard case .text(let state) = value else { return nil }
        switch state {
        case "ON", "START": return true
        case "UNDEFINED", "LOCK", "OFF", "ACC": return false
        default: return nil
        }
    }
}

extension VehicleValue {
    var bool: Bool? {
        switch self {
        case .bool(let value): value
        case .text("true"): true
        case .text("false"): false
        default: nil
        }
    }

    /// A number within bounds, also one that stands in a string, as VISS writes it.
    func number(in range: ClosedRange<Double>) -> Double? {
        let value: Double?
        switch self {
        case .number(let number): value = number
        case .text(let text): value = Double(text)
        case .bool: value = nil
        }
        guard let value, range.contains(value) else { return nil }
        return value
    }
}
