import Glibc
import Presence
import Primitives
import Runtime
import Testing

struct PresenceSensorTests {
    private let machine = FakeMachine()

    @Test func `a machine without sensors says nothing but the time`() {
        var expected = Signals()
        expected.minuteOfDay = 800
        expected.trafficByteCount = 0
        #expect(machine.look() == expected)
    }

    @Test func `files that hold no values say nothing either`() {
        machine.write("", to: "proc/stat")
        machine.write("cpu  -1 a b\n", to: "proc/stat")
        machine.supply("BAT0", ["type": "Battery", "capacity": "200", "status": "?", "temp": "x"])
        machine.supply("AC", ["type": "Mains", "online": "maybe"])
        machine.write("999999999\n", to: "sys/class/thermal/thermal_zone0/temp")
        machine.write("\u{0}\u{1}\tgarbage\n\n\t\t\t", to: "proc/net/route")
        var expected = Signals()
        expected.minuteOfDay = 800
        expected.trafficByteCount = 0
        #expect(machine.look() == expected)
    }

    @Test func `foreign load is foreground work of the last second, less our own`() {
        var sensors = machine.sensors()
        func load(at milliseconds: Int) -> Int? {
            sensors.look(
                at: .origin + .milliseconds(milliseconds), wall: FakeMachine.wall,
                trafficByteCount: 0
            ).foreignLoadPercent
        }
        machine.setTicks(user: 1_000, nice: 50, system: 500, idle: 9_000)
        machine.setThread(1, user: 100, system: 10, nice: 0)
        machine.setThread(2, user: 400, system: 20, nice: 19)
        #expect(load(at: 0) == nil)
        #expect(load(at: 500) == nil, "half a second says little")
        // 200 ticks: 60 of a neighbour's, 30 nice ones, and of ours 20 + 4 + 6 in all columns.
        machine.setTicks(user: 1_080, nice: 70, system: 510, idle: 9_090)
        machine.setThread(1, user: 120, system: 14, nice: 0)
        machine.setThread(2, user: 420, system: 26, nice: 19)
        #expect(load(at: 1_000) == 30)
        // Ours alone.
        machine.setTicks(user: 1_180, nice: 170, system: 510, idle: 9_090)
        machine.setThread(1, user: 220, system: 14, nice: 0)
        #expect(load(at: 2_000) == 0)
    }

    @Test func `load follows within a second or two, however often one looks`() {
        var sensors = machine.sensors()
        var ticks = 0
        var seen: [Int?] = []
        for step in 0..<60 {
            ticks = max(0, step - 30) * 20
            machine.setTicks(user: ticks, idle: step * 20 - ticks)
            seen.append(
                sensors.look(
                    at: .origin + .milliseconds(step * 100), wall: FakeMachine.wall,
                    trafficByteCount: 0
                ).foreignLoadPercent)
        }
        #expect(seen[30] == 0 && seen[35] == 50 && seen[40] == 100 && seen[59] == 100)
    }

    @Test func `power comes from the mains, or from the battery's own word`() {
        machine.supply("BAT0", ["type": "Battery", "capacity": "64", "status": "Discharging"])
        #expect(machine.look().isCharging == false && machine.look().batteryPercent == 64)
        machine.supply("BAT0", ["status": "Full", "temp": "315"])
        #expect(machine.look().isCharging == true && machine.look().batteryCelsius == 31)
        // At its charge limit a laptop says neither.
        machine.supply("BAT0", ["status": "Not charging"])
        #expect(machine.look().isCharging == nil)
        machine.supply("AC", ["type": "Mains", "online": "0"])
        #expect(machine.look().isCharging == false)
        machine.supply("AC", ["online": "1"])
        #expect(machine.look().isCharging == true)
        // The emptiest of the machine's own batteries counts.
        machine.supply("BAT1", ["type": "Battery", "capacity": "12", "status": "Charging"])
        machine.supply("mouse", ["type": "Battery", "scope": "Device", "capacity": "1"])
        #expect(machine.look().batteryPercent == 12)
    }

    @Test func `the hottest zone counts, and broken ones do not`() {
        for (zone, value) in [("0", "41000"), ("1", "73900"), ("2", "-274000"), ("3", "")] {
            machine.write(value + "\n", to: "sys/class/thermal/thermal_zone\(zone)/temp")
        }
        machine.write("99000\n", to: "sys/class/thermal/cooling_device0/temp")
        #expect(machine.look().zoneCelsius == 73)
    }

    @Test func `a line is metered where it is a modem, or its owner says so`() {
        let head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWin\tIRTT\n"
        let local = "eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        func route(_ name: String) -> String {
            head + local + "\(name)\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        }
        machine.write(head + local, to: "proc/net/route")
        #expect(machine.look().isMetered == nil, "no way to the world")
        machine.write(route("wwan0"), to: "proc/net/route")
        machine.write("DEVTYPE=wwan\nINTERFACE=wwan0\n", to: "sys/class/net/wwan0/uevent")
        #expect(machine.look().isMetered == true)
        machine.write(route("eth0"), to: "proc/net/route")
        machine.write("INTERFACE=eth0\n", to: "sys/class/net/eth0/uevent")
        #expect(machine.look().isMetered == false)
        #expect(machine.look { $0.meteredInterfaces = ["eth0"] }.isMetered == true)
        machine.write(head, to: "proc/net/route")
        let zeros = String(repeating: "0", count: 32)
        machine.write(
            "\(zeros) 00 \(zeros) 00 \(zeros) 00000400 00000001 00000000 00000003 wwan0\n",
            to: "proc/net/ipv6_route")
        #expect(machine.look().isMetered == true)
    }

    @Test func `the user is where a terminal was read last`() {
        for (path, seconds) in [
            ("dev/pts/0", 900_000), ("dev/tty2", 999_940), ("dev/ttyS0", 1_000_000),
        ] {
            machine.write("", to: path)
            let time = timespec(tv_sec: seconds, tv_nsec: 0)
            let times = [time, time]
            #expect(unsafe utimensat(AT_FDCWD, machine.root + "/" + path, times, 0) == 0)
        }
        #expect(machine.look().userIdleSeconds == 60)
    }

    @Test func `a signal file is read when it changes, and overrides the machine`() {
        machine.supply("BAT0", ["type": "Battery", "capacity": "64", "status": "Discharging"])
        machine.write(
            "Vehicle.IsMoving true\nVehicle.Powertrain.TractionBattery.StateOfCharge.Current 97\n",
            to: "signals")
        var sensors = machine.sensors { $0.signalFile = machine.root + "/signals" }
        func look() -> Signals {
            sensors.look(at: .origin, wall: FakeMachine.wall, trafficByteCount: 0)
        }
        #expect(look().isMoving == true && look().batteryPercent == 97)
        #expect(look().isCharging == false && sensors.vehicle.takenCount == 2)
        // Of a long file the end counts.
        let filler = String(repeating: "# nothing\n", count: 7_000)
        machine.write("Vehicle.Speed 9\n" + filler + "Vehicle.IsMoving false\n", to: "signals")
        #expect(look().isMoving == false)
        let isGone = unsafe unlink(machine.root + "/signals") == 0
        #expect(isGone && look().isMoving == false, "the last word holds")
    }
}

struct SignalLineTests {
    @Test(arguments: [
        "Vehicle.IsMoving true", "  Vehicle.IsMoving:\ttrue  ", "Vehicle.IsMoving=true\r",
        "Vehicle.IsMoving = \"true\"",
        #"{"path": "Vehicle.IsMoving", "value": true}"#,
        #"{"path":"Vehicle.IsMoving","value":{"value":true,"timestamp":"2026-01-01T00:00:00Z"}}"#,
        #"{"action":"x","data":{"path":"Vehicle.IsMoving","dp":{"value":"true","ts":"x"}}}"#,
        #"{"Vehicle.IsMoving": true, "other": [1, 2]}"#,
        #"[{"path": "Vehicle.IsMoving", "value": true}]"#,
        #"{"Vehicle.IsMoving": {"value": true}}"#,
    ])
    func `every form of a broker's line is understood`(_ line: String) {
        var vehicle = VehicleSignals()
        SignalLine.read(Array(line.utf8), into: &vehicle)
        #expect(vehicle.isMoving == true && vehicle.takenCount == 1 && vehicle.malformedCount == 0)
    }

    @Test func `what is no signal is counted and dropped`() {
        let deep = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        let lines: [[UInt8]] = [
            Array("Vehicle.IsMoving".utf8), Array("= true".utf8), Array("{".utf8),
            Array("{}".utf8), Array("[]".utf8), Array("[1,2,3]".utf8), Array("{\"path\":1}".utf8),
            Array("{\"path\":\"Vehicle.IsMoving\"}".utf8), Array(deep.utf8),
            Array("{\"path\":\"Vehicle.IsMoving\",\"value\":{\"value\":{\"value\":true}}}".utf8),
            [0xFF, 0xFE, 0x00], Array(repeating: 0x7B, count: 4_096),
            Array(("Vehicle.IsMoving true" + String(repeating: " ", count: 4_096)).utf8),
            Array("Vehicle.IsMoving perhaps".utf8),
        ]
        var vehicle = VehicleSignals()
        for line in lines { SignalLine.read(line, into: &vehicle) }
        #expect(vehicle.malformedCount == UInt64(lines.count))
        for line in ["", "   ", "# a remark", "#"] {
            SignalLine.read(Array(line.utf8), into: &vehicle)
        }
        SignalLine.read(Array("Vehicle.Cabin.Light on".utf8), into: &vehicle)
        #expect(vehicle.malformedCount == UInt64(lines.count) && vehicle.unknownCount == 1)
        #expect(vehicle.takenCount == 0 && vehicle.isMoving == nil)
    }

    @Test func `no bytes at all make it fall`() {
        var random = SeededRandom(seed: 4)
        let seed = Array(#"{"path":"Vehicle.Speed","value":{"value":30.5}}"#.utf8)
        var vehicle = VehicleSignals()
        for _ in 0..<2_000 {
            var line = seed
            for _ in 0..<(1 + Int(random.next() % 4)) {
                line[Int(random.next() % UInt64(line.count))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            SignalLine.read(line, into: &vehicle)
        }
        #expect(vehicle.takenCount + vehicle.malformedCount + vehicle.unknownCount > 1_500)
    }
}
