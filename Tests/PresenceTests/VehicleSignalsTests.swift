import Presence
import Testing

@Suite struct VehicleSignalsTests {
    private static let battery = "Vehicle.Powertrain.TractionBattery."

    @Test func `a vehicle's names become signals, and its last word holds`() {
        var vehicle = VehicleSignals()
        var signals = Signals()
        signals.batteryPercent = 50
        vehicle.write(into: &signals)
        #expect(signals.batteryPercent == 50 && signals.isMoving == nil)
        vehicle.take("Vehicle.IsMoving", .bool(true))
        vehicle.take(Self.battery + "StateOfCharge.Current", .number(93.7))
        vehicle.take(Self.battery + "Charging.IsCharging", .text("true"))
        vehicle.take(Self.battery + "Temperature.Average", .text("21.2"))
        vehicle.write(into: &signals)
        #expect(signals.isMoving == true && signals.batteryPercent == 93)
        #expect(signals.isCharging == true && signals.batteryCelsius == 22)
        vehicle.take("Vehicle.IsMoving", .bool(false))
        vehicle.write(into: &signals)
        #expect(signals.isMoving == false && vehicle.takenCount == 5)
    }

    @Test func `whoever rolls, or has switched on, is about to drive`() {
        for (name, value, moves) in [
            ("Vehicle.Speed", VehicleValue.number(0.1), true), ("Vehicle.Speed", .number(-2), true),
            ("Vehicle.Speed", .number(0), false),
            ("Vehicle.LowVoltageSystemState", .text("START"), true),
            ("Vehicle.LowVoltageSystemState", .text("ON"), true),
            ("Vehicle.LowVoltageSystemState", .text("ACC"), false),
            ("Vehicle.LowVoltageSystemState", .text("OFF"), false),
        ] {
            var vehicle = VehicleSignals()
            vehicle.take("Vehicle.IsMoving", .bool(false))
            vehicle.take(name, value)
            var signals = Signals()
            vehicle.write(into: &signals)
            #expect(signals.isMoving == moves, "\(name) \(value)")
        }
    }

    @Test func `other names and impossible values are counted and change nothing`() {
        var vehicle = VehicleSignals()
        for name in ["", "Vehicle", "vehicle.ismoving", "Vehicle.Cabin.DoorCount"] {
            let isTaken = vehicle.take(name, .bool(true))
            #expect(!isTaken)
        }
        for (name, value) in [
            ("Vehicle.IsMoving", VehicleValue.number(1)), ("Vehicle.IsMoving", .text("yes")),
            ("Vehicle.Speed", .bool(true)), ("Vehicle.Speed", .number(.nan)),
            ("Vehicle.Speed", .number(.infinity)), ("Vehicle.Speed", .text("fast")),
            ("Vehicle.LowVoltageSystemState", .text("on")),
            (Self.battery + "StateOfCharge.Current", .number(100.5)),
            (Self.battery + "StateOfCharge.Current", .number(-1)),
            (Self.battery + "Temperature.Average", .number(1e9)),
        ] {
            let isTaken = vehicle.take(name, value)
            #expect(!isTaken, "\(name) \(value)")
        }
        vehicle.countMalformed()
        #expect(vehicle.unknownCount == 4 && vehicle.malformedCount == 11)
        var signals = Signals()
        vehicle.write(into: &signals)
        #expect(signals == Signals() && vehicle.takenCount == 0)
    }
}
