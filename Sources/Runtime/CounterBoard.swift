import Checkpoints
public import MeshNode
import Primitives
import Synchronization

/// Where the loop leaves its counters, so that the thread that answers the owner can read them
/// without waiting for it.
public final class CounterBoard: Sendable {
    private struct Latest {
        var node: NodeTally?
        var socket = DatagramSocket.Counters()
        var engine = EngineCounters()
        var next = Instant.origin
    }

    private let latest = Mutex(Latest())

    public init() {}

    /// Keeps the counters, at most every `Limits.tallyInterval`.
    func show(
        _ node: borrowing Node, _ socket: DatagramSocket.Counters, _ engine: StageEngine,
        at now: Instant
    ) {
        latest.withLock { latest in
            guard latest.next <= now else { return }
            latest = Latest(
                node: node.tally, socket: socket, engine: engine.counters,
                next: now + Limits.tallyInterval)
        }
    }

    /// Socket first, room by room, then the engine; none before the loop's first turn.
    var rooms: [RoomTally] {
        let latest = latest.withLock { $0 }
        guard let node = latest.node else { return [] }
        return [RoomTally("socket", latest.socket)] + node.rooms
            + [RoomTally("engine", latest.engine)]
    }
}

/// Counters as one line of JSON: `{"sessions":{"packetsReceived":12,...},...}`.
public enum CounterText {
    public static func json(_ rooms: [RoomTally]) -> String {
        let members = rooms.map { room in
            let counts = room.counts.map { "\(JSONText.quoted($0.name)):\($0.value)" }
            return "\(JSONText.quoted(room.room)):{\(counts.joined(separator: ","))}"
        }
        return "{\(members.joined(separator: ","))}"
    }

    /// Nil for what no node says; whole numbers are read, and nothing else.
    static func rooms(json bytes: [UInt8]) -> [RoomTally]? {
        guard let value = try? JSONValue(parsing: bytes, file: "counters"),
            let members = value.object
        else { return nil }
        return zip(members.keys, members.values).map { name, room in
            let counts = room.object.map { Array(zip($0.keys, $0.values)) } ?? []
            return RoomTally(
                room: name,
                counts: counts.compactMap { name, value in
                    value.integer.map { RoomTally.Count(name: name, value: UInt64(max(0, $0))) }
                })
        }
    }
}

extension DataDirectory {
    /// What the node that runs here has counted; nil where none runs.
    public func askCounters() -> [RoomTally]? {
        ask("counters").flatMap { CounterText.rooms(json: $0) }
    }
}
