import MeshNode
import Primitives
import Runtime
import Shards
import Wire

/// Brings the ends of a model to an entry: from its own store, or from the peers that have it.
enum EntryModel {
    static func find(
        _ name: String, loop: inout NodeLoop, store: ModelStore, settings: Settings,
        patience: Interval
    ) throws -> TextModel {
        if let stored = try store.model(named: name) {
            let pieces = store.statuses(of: stored.manifest)
            loop.with { node, now, outbox in
                node.addModel(
                    stored.signed, pieces: pieces, isServed: false, at: now, into: &outbox)
            }
            if stored.isComplete[0] { return try TextModel(stored.manifest, store: store) }
            return try fetchEnds(of: stored.manifest, &loop, store, patience)
        }
        let query = ManifestQuery(name)
        loop.with { node, now, outbox in
            node.findModel(query, isServed: false, at: now, into: &outbox)
        }
        let deadline = SystemClock.now() + patience
        while SystemClock.now() < deadline, !loop.isSignalled {
            for effect in try loop.turn(until: deadline) {
                guard case .manifestFound(let signed) = effect else { continue }
                return try fetchEnds(of: signed.manifest, &loop, store, patience)
            }
        }
        guard loop.node.peerCount > 0 else {
            throw Visitor.nobodyAnswers(at: try settings.contacts())
        }
        throw CommandError(
            "Nobody within reach has a model '\(name)': bored health shows which there are.")
    }

    private static func fetchEnds(
        of manifest: ModelManifest, _ loop: inout NodeLoop, _ store: ModelStore,
        _ patience: Interval
    ) throws -> TextModel {
        let digest = manifest.digest
        var deadline = SystemClock.now() + patience
        if store.isComplete(manifest.pieces[0]) { return try TextModel(manifest, store: store) }
        Console.note(
            "(fetching the ends of \(manifest.name), \(size(manifest.pieces[0].byteCount)), "
                + "from peers)")
        loop.with { node, now, outbox in
            node.fetch(model: digest, pieceIndex: 0, at: now, into: &outbox)
        }
        while SystemClock.now() < deadline, !loop.isSignalled {
            let effects = try loop.turn(until: deadline)
            // As long as something comes, patience begins anew.
            if !effects.isEmpty { deadline = SystemClock.now() + patience }
            for effect in effects {
                switch effect {
                case .pieceReady(digest, 0): return try TextModel(manifest, store: store)
                case .pieceFailed(digest, 0):
                    throw CommandError(
                        "The ends of \(manifest.name) could not be fetched: nobody who has them "
                            + "answers.")
                default: break
                }
            }
        }
        throw CommandError("The ends of \(manifest.name) did not arrive in time.")
    }
}
