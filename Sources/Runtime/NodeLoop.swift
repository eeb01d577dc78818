public import Identity
public import MeshNode
internal import Presence
public import Primitives
public import Tensors
internal import Wire

/// What a shell gives a node to run with.
public struct NodeLoopSettings: Sendable {
    public var node: NodeSettings
    /// Where to listen; port 0 takes any.
    public var listen: PeerAddress
    public var threadCount: Int
    public var kernelLevel: KernelLevel
    /// Memory for the KV caches of all requests together.
    public var cacheByteLimit: Int
    /// For so long, pages of a request that has ended are kept for the next one of its entry.
    public var cacheKeepTime = Limits.cacheKeepTimeDefault
    /// What the owner wants; nil for a node that works for nobody else.
    public var presence: PresenceSettings?
    /// Where the owner's pause and the day's traffic are kept.
    public var directory: DataDirectory?
    /// Computes only on cores that nobody else wants.
    public var isBackground: Bool

    public init(node: NodeSettings, listen: PeerAddress) {
        self.node = node
        self.listen = listen
        threadCount = 1
        kernelLevel = .detected
        cacheByteLimit = Limits.cacheByteCountDefault
        presence = nil
        directory = nil
        isBackground = false
    }
}

/// A node on a real socket: one thread turns this loop; layers are run by a second one, the disk is
/// read and written by a third.
///
/// Whoever owns the loop calls `turn` again and again, and gets what the node leaves to its shell:
/// answers to requests, notes for the log. Everything else is done here.
public struct NodeLoop: ~Copyable {
    public internal(set) var node: Node
    public let address: PeerAddress
    var socket: DatagramSocket
    private var events: EventLoop
    var outbox = Outbox()
    var openedCaches = OpenedCaches()
    let answers: Mailbox<LoopAnswer>
    let compute: ComputeThread
    let disk: ComputeThread
    let engine: StageEngine
    let store: ModelStore?
    private let watch: PresenceWatch?
    private let board: CounterBoard
    private let dailyByteLimit: UInt64?
    private var toldPieceBudget = Int.min
    /// Set once SIGTERM or SIGINT came.
    public private(set) var isSignalled = false

    /// What the other threads tell the loop.
    enum LoopAnswer: Sendable {
        case engine(EngineAnswer)
        case disk(DiskAnswer)
        case presence(PresenceNews)
    }

    /// Binds the socket and starts the threads. Throws where the port is taken or the machine has
    /// no more threads or descriptors.
    public init(keys: NodeKeys, settings: NodeLoopSettings, store: ModelStore?) throws(SystemError)
    {
        let socket = try DatagramSocket(binding: settings.listen)
        let events = try EventLoop(socket)
        let isBackground = settings.isBackground
        let crew = try ThreadCrew(
            memberCount: settings.threadCount, isBackground: isBackground)
        let answers = Mailbox<LoopAnswer>(
            capacity: Limits.loopAnswerCount, doorbell: events.doorbell)
        let engine = StageEngine(
            kernels: Kernels(level: settings.kernelLevel), crew: crew,
            cacheByteLimit: settings.cacheByteLimit, keepTime: settings.cacheKeepTime)
        // All that can fail comes before the first part of the loop exists.
        let compute = try ComputeThread(name: "bored-compute", isBackground: isBackground) {
            engine.runRound { answers.post(.engine($0)) }
        }
        let disk = try ComputeThread(name: "bored-disk", isBackground: isBackground)
        let board = CounterBoard()
        watch = try settings.presence.map { presence throws(SystemError) in
            try PresenceWatch(
                settings: presence, directory: settings.directory, board: board
            ) { news in
                // The engine first: it must not wait for the loop.
                if case .verdict(let verdict) = news {
                    let end = SystemClock.now() + Limits.reclaimAbandonTime
                    engine.abandon(at: verdict == .idle ? nil : end)
                    // Steps that are held back for others must not wait for them.
                    compute.wake()
                }
                answers.post(.presence(news))
            }
        }
        self.board = board
        self.compute = compute
        self.disk = disk
        self.answers = answers
        self.engine = engine
        address = socket.address
        self.store = store
        node = Node(
            keys: keys, addresses: reachableAddresses(of: socket.address),
            settings: settings.node, entropy: Bytes32(SystemEntropy.bytes(32)),
            seed: SystemEntropy.seed(), at: SystemClock.now())
        self.socket = socket
        self.events = events
        dailyByteLimit = settings.presence?.policy.dailyByteLimit
        for news in watch?.first ?? [] { answers.post(.presence(news)) }
    }

    /// SIGTERM and SIGINT end the loop in order instead of killing the process.
    public mutating func watchSignals() throws(SystemError) { try events.watchSignals() }

    /// Gives the node an input, sends what it wrote, does what it asked for.
    @discardableResult
    public mutating func with<Result>(
        _ body: (inout Node, Instant, inout Outbox) -> Result
    ) -> Result {
        let result = body(&node, SystemClock.now(), &outbox)
        socket.send(&outbox)
        return result
    }

    /// Sleeps until something happens or `limit` comes, lets the node deal with it, and returns
    /// what is left for the shell.
    public mutating func turn(until limit: Instant) throws(SystemError) -> [NodeEffect] {
        var left = perform()
        if !left.isEmpty { return left }
        socket.send(&outbox)
        let happened = try events.wait(until: min(limit, node.nextDeadline))
        if happened.contains(.signal) { isSignalled = true }
        if happened.contains(.datagrams) { try receive() }
        takeAnswers()
        let now = SystemClock.now()
        if node.nextDeadline <= now { node.fire(at: now, into: &outbox) }
        left += perform()
        // Last: a step that came begins before its packets are acknowledged. What is left for the
        // shell comes even before that.
        if left.isEmpty { socket.send(&outbox) }
        watch?.note(
            isWorking: node.isWorkingForOthers, trafficByteCount: socket.trafficByteCount)
        if watch != nil { board.show(node, socket.counters, engine, at: now) }
        tellPieceBudget(at: now)
        return left
    }

    /// Pieces may take what is left of the day's bytes, less what steps and gossip need until the
    /// owner's watch looks again.
    private mutating func tellPieceBudget(at now: Instant) {
        guard let limit = dailyByteLimit, let watch else { return }
        let kept = UInt64(Limits.pieceBudgetReserve)
        let left = Int(clamping: limit - min(limit, watch.todayByteCount + kept))
        guard left / Limits.chunkByteCount != toldPieceBudget / Limits.chunkByteCount else {
            return
        }
        toldPieceBudget = left
        node.setPieceBudget(byteCount: left, at: now, into: &outbox)
        socket.send(&outbox)
    }

    /// At most a few batches in a row, so that timers and answers have their turn.
    private mutating func receive() throws(SystemError) {
        var batchCount = 0
        while batchCount < Limits.datagramBatchesPerTurn || socket.isHolding {
            let now = SystemClock.now()
            let isMore = try socket.receive { bytes, address in
                node.receive(bytes, from: address, at: now, into: &outbox)
            }
            // What one batch of datagrams causes fits; what several cause might not.
            sendIfCrowded()
            guard isMore else { return }
            batchCount += 1
        }
    }

    /// Does what the node asks for; what only the shell can answer is returned.
    private mutating func perform() -> [NodeEffect] {
        var left: [NodeEffect] = []
        while let effect = node.nextEffect() {
            if !start(effect) { left.append(effect) }
        }
        return left
    }

    /// Sends an answer of another thread into the loop; blocks nobody.
    func post(_ answer: LoopAnswer) { answers.post(answer) }

    /// Leaves in order: stages are handed over, peers are told, their acknowledgements are awaited
    /// for a moment. What the shell would have been told meanwhile goes to `tell`.
    public mutating func leave(_ tell: (NodeEffect) -> Void = { _ in }) throws(SystemError) {
        let drained = SystemClock.now() + Limits.leaveDrainTime
        if node.stageCount > 0 {
            with { node, now, outbox in node.drain(until: drained, at: now, into: &outbox) }
        }
        while node.stageCount > 0, SystemClock.now() < drained {
            for effect in try turn(until: drained) { tell(effect) }
        }
        with { node, now, outbox in node.leave(at: now, into: &outbox) }
        let end = SystemClock.now() + Limits.leaveTime
        while SystemClock.now() < end { _ = try turn(until: end) }
    }

    /// Ends the other threads. The loop can't be used afterwards.
    public consuming func finish() {
        watch?.finish()
        compute.finish()
        disk.finish()
    }
}

/// The addresses under which peers may reach a socket: its own, or, when it is bound to every
/// interface, those of the interfaces.
func reachableAddresses(of bound: PeerAddress) -> [PeerAddress] {
    guard PeerAddress(high: bound.high, low: bound.low, port: 1).isUnspecified else {
        return [bound]
    }
    let own = (try? interfaceAddresses(port: bound.port)) ?? []
    let outward = own.filter { !$0.isLoopback }
    return Array((outward.isEmpty ? own : outward).prefix(Limits.recordAddressCount))
}
