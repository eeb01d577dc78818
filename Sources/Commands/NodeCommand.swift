import Glibc
import Identity
import MeshNode
import Presence
import Primitives
import Runtime
import Shards
import Wire

/// `bored node`: lends this computer.
enum NodeCommand {
    static func run(_ settings: Settings) throws -> Int32 {
        // What is wrong with a peer's address is said before anything begins.
        var contacts = ContactSearch(try settings.contactNames())
        let directory = try settings.dataDirectory()
        let lock = try directory.lock()
        let keys = try directory.keys()
        let store = ModelStore(in: directory)
        let log = NodeLog(isJSON: settings.wantsJSON)
        let (startedAt, first) = (
            SystemClock.now(), directory.firstSequence(wallMilliseconds: wallMilliseconds())
        )
        try directory.noteSequence(first)
        var loop = try NodeLoop(
            keys: keys, settings: try loopSettings(settings, directory, firstSequence: first),
            store: store)
        try loop.watchSignals()
        let swarm = try settings.swarmName()
        try directory.announce(
            RunningNode(
                address: loop.address, processID: Int(getpid()), swarm: swarm, id: keys.id),
            holding: lock)
        log.write("listening", "node \(keys.id.short) on \(loop.address), swarm \(swarm)")
        try addModels(settings, keys: keys, store: store, log: log, loop: &loop)
        loop.with { node, now, outbox in
            node.meet(directory.keptPeers(), at: now, into: &outbox)
        }
        try serve(&contacts, directory: directory, log: log, loop: &loop) {
            try? directory.noteSequence(first + SystemClock.now().since(startedAt).milliseconds)
        }
        log.write("leaving", "node \(keys.id.short)")
        try loop.leave { effect in
            if case .note(let note) = effect { log.write(note) }
        }
        directory.withdraw(holding: lock)
        loop.finish()
        return 0
    }

    private static func loopSettings(
        _ settings: Settings, _ directory: DataDirectory, firstSequence: UInt64
    ) throws -> NodeLoopSettings {
        var node = NodeSettings(
            swarm: SwarmKey(name: try settings.swarmName()), firstSequence: firstSequence)
        let memory = try settings.byteCount("memory").map { UInt64($0) }
        let whole = MachineMemory.byteCount
        node.memoryByteCount = memory ?? whole / 2
        node.diskByteLimit = try settings.byteCount("disk").map { UInt64($0) }
        node.layerLimit = try settings.integer("layers", in: 0...Limits.layerCount)
        node.region = settings.string("region") ?? ""
        guard node.region.utf8.count <= 8, node.region.utf8.allSatisfy({ (32..<127).contains($0) })
        else {
            throw UsageError("--region takes at most eight printable ASCII characters.")
        }
        guard let listen = try settings.address("listen") else {
            throw UsageError("--listen takes an address such as 0.0.0.0:7777.")
        }
        var loop = NodeLoopSettings(node: node, listen: listen)
        loop.threadCount = try settings.threadCount()
        loop.kernelLevel = try settings.kernelLevel()
        loop.cacheByteLimit =
            try settings.byteCount("cache")
            ?? min(Limits.cacheByteCountDefault, Int(clamping: whole / 4))
        if let seconds = try settings.integer("keep", in: 0...Limits.cacheKeepSecondsMaximum) {
            loop.cacheKeepTime = .seconds(seconds)
        }
        let presence = try settings.presence()
        loop.presence = presence
        loop.directory = directory
        // A machine that is lent for good needs no courtesy.
        loop.isBackground = presence.policy.mode != .always
        return loop
    }

    /// Models of the store are offered at once; others are looked for among the peers.
    private static func addModels(
        _ settings: Settings, keys: NodeKeys, store: ModelStore, log: NodeLog,
        loop: inout NodeLoop
    ) throws {
        let asked = settings.list("model")
        let names = asked.isEmpty ? [EmbeddedModel.name] : asked
        if names.contains(EmbeddedModel.name) { try EmbeddedModel.add(to: store, keys: keys) }
        for name in names {
            if let model = try store.model(named: name) {
                let pieces = store.statuses(of: model.manifest)
                loop.with { node, now, outbox in
                    node.addModel(
                        model.signed, pieces: pieces, isServed: true, isKept: model.isKept,
                        at: now, into: &outbox)
                }
            } else {
                log.write("searching", "model \(name) among the peers")
                let query = ManifestQuery(name)
                loop.with { node, now, outbox in
                    node.findModel(query, isServed: true, at: now, into: &outbox)
                }
            }
        }
    }

    private static func serve(
        _ contacts: inout ContactSearch, directory: DataDirectory, log: NodeLog,
        loop: inout NodeLoop, noteSequence: () -> Void
    ) throws {
        while !loop.isSignalled {
            let nextLook = try contacts.advance(&loop, log)
            for effect in try loop.turn(until: nextLook) {
                switch effect {
                case .note(let note): log.write(note)
                case .keepSeeds(let records):
                    try? directory.keep(peers: records)
                    noteSequence()
                default: break
                }
            }
        }
    }
}

extension ManifestQuery {
    /// Sixty-four hexadecimal digits are a digest, everything else is a name.
    init(_ text: String) {
        if let raw = Bytes32(hexadecimal: text) {
            self = .digest(Digest(raw))
        } else {
            self = .name(text)
        }
    }
}
