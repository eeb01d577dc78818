import MeshNode
import Primitives
import Runtime

/// `bored counters`: what this computer's node did, and what it dropped and why.
enum CountersCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        guard let rooms = try settings.dataDirectory().askCounters() else {
            throw DataError(
                "No node runs here: start one with bored node, or name its --data directory.")
        }
        if settings.wantsJSON {
            Console.line(CounterText.json(rooms))
        } else {
            Console.out(text(rooms, showsAll: settings.flag("all")))
        }
        return 0
    }

    static func text(_ rooms: [RoomTally], showsAll: Bool) -> String {
        let rows = rooms.flatMap { room in
            room.counts.filter { showsAll || $0.value > 0 }
                .map { [room.room, $0.name, String($0.value)] }
        }
        return columns([["room", "counter", "count"]] + rows).joined(separator: "\n") + "\n"
    }
}
