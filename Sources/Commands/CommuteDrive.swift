import Glibc
import MeshNode
import Primitives
import Runtime

/// Who leaves when, and what the reader notices of it. Only cars at work on the text leave.
final class CommuteDrive {
    /// How a car leaves, by turns.
    enum Way: String, CaseIterable {
        case pause = "bored pause"
        case term = "SIGTERM"
        case kill = "kill -9"

        var sentence: String {
            switch self {
            case .pause: "drives away: its owner says bored pause"
            case .term: "drives away: SIGTERM"
            case .kill: "is gone without a word: kill -9"
            }
        }
    }

    struct Departure {
        var car: Int
        var layers: LayerRange
        var way: Way
        /// Tokens that were there.
        var tokenCount: Int
        /// Tokens that were there when others had taken its place, and who they are.
        var continuedAt: Int?
        var heirs: [Int] = []
        /// The longest wait for a token around it, less the usual one; nil where the text was over.
        var stall: Interval?
    }

    private static let firstMove = Interval.milliseconds(900)
    private static let nextMove = Interval.milliseconds(1_700)

    private let fleet: Fleet
    private let screen: CommuteScreen
    private var chain: [StageSeat] = []
    /// When each token of this text was there.
    private var tokens: [Instant] = []
    private var gaps: [Interval] = []
    private var moveAt = Instant.never
    private var open: Departure?
    private var paused: [Fleet.Member] = []
    private(set) var departures: [Departure] = []
    private(set) var arrivalCount = 0

    init(fleet: Fleet, screen: CommuteScreen) {
        self.fleet = fleet
        self.screen = screen
    }

    // MARK: what the entry tells

    func begin() {
        tokens = []
        moveAt = SystemClock.now() + Self.firstMove
    }

    func take(_ effect: NodeEffect) {
        switch effect {
        case .requestOpened(_, let seats):
            chain = seats
            screen.event("At work: " + seats.map(describe).joined(separator: ", ") + ".")
        case .requestMended(_, let seats):
            chain = seats
            let layers = open?.layers
            let heirs = seats.filter { layers?.overlaps($0.layers) ?? false }
            open?.heirs = heirs.map { fleet.member($0.node)?.number ?? 0 }
            open?.continuedAt = tokens.count
        case .requestWaiting(_, let missing):
            let layers = missing.map(\.description).joined(separator: ", ")
            screen.event("Nobody has layers \(layers) now: the text waits until a car does.")
        case .stepDone:
            let now = SystemClock.now()
            if let last = tokens.last { gaps.append(now.since(last)) }
            tokens.append(now)
        default: break
        }
    }

    /// The text is over; a departure of its last moments cost nothing.
    func end() {
        if let open { departures.append(open) }
        open = nil
        moveAt = .never
    }

    /// Between two words of the text: the time for lines about what happens.
    func betweenWords() {
        let now = SystemClock.now()
        if let departure = open { conclude(departure) }
        if open == nil, moveAt <= now { depart(at: now) }
    }

    /// Two tokens after others have taken a car's place the wait around it is known.
    private func conclude(_ departure: Departure) {
        guard let continuedAt = departure.continuedAt, tokens.count >= continuedAt + 2 else {
            return
        }
        var departure = departure
        let around = tokens[(departure.tokenCount - 1)...]
        let longest = zip(around.dropFirst(), around).map { $0.since($1) }.max() ?? .zero
        let stall = longest > usual ? longest - usual : .zero
        departure.stall = stall
        departures.append(departure)
        open = nil
        let cars = departure.heirs.map { "car \($0)" }.joined(separator: " and ")
        let cache = departure.way == .kill ? "rebuilt its KV cache" : "got its KV cache"
        let wait = "the text waited \(decimal(stall.seconds * 1_000, 0)) ms"
        screen.event("\(cars.prefix(1).uppercased())\(cars.dropFirst()) \(cache): \(wait).")
    }

    // MARK: coming and going

    private func depart(at now: Instant) {
        moveAt = now + Self.nextMove
        let turn = departures.count
        let way = Way.allCases[turn % Way.allCases.count]
        // Another place of the chain each time, and another way for each place.
        let place = (turn + turn / Way.allCases.count) % chain.count
        guard let car = fleet.member(chain[place].node) else { return }
        switch way {
        case .pause:
            guard (try? car.data.pause(until: nil)) != nil else { return }
            _ = car.data.nudge()
        case .term, .kill: fleet.end(car, isSudden: way == .kill)
        }
        open = Departure(
            car: car.number, layers: chain[place].layers, way: way, tokenCount: tokens.count)
        let seat = "Car \(car.number) (layers \(chain[place].layers))"
        screen.event("\(seat) \(way.sentence). \(arrive())")
        if way == .pause { paused.append(car) }
    }

    /// A car that was paused comes back, or another one is new.
    private func arrive() -> String {
        if let car = paused.first, (try? car.data.resume()) != nil {
            paused.removeFirst()
            _ = car.data.nudge()
            arrivalCount += 1
            return "Car \(car.number) parks again."
        }
        guard let car = try? fleet.start() else { return "" }
        arrivalCount += 1
        return "Car \(car.number) parks."
    }

    private func describe(_ seat: StageSeat) -> String {
        "car \(fleet.member(seat.node)?.number ?? 0) (layers \(seat.layers))"
    }

    // MARK: what it came to

    /// The median time between two tokens.
    var usual: Interval {
        let sorted = gaps.sorted()
        return sorted.isEmpty ? .zero : sorted[sorted.count / 2]
    }

    /// Stalls in milliseconds, shortest first; of one way of leaving, or of all.
    func stalls(_ way: Way? = nil) -> [Double] {
        departures.filter { way == nil || $0.way == way }
            .compactMap { $0.stall.map { $0.seconds * 1_000 } }.sorted()
    }
}
