internal import Identity
internal import Pipelines
internal import Placement
public import Primitives
internal import Shards
public import Wire

/// The owner comes back, and goes again.
extension Node {
    /// Takes a new verdict of the owner's sensors. Where the node was idle, it is out of the way:
    /// its stages are handed over or end, its layers are given back, and nothing is fetched for
    /// others. Where it is idle again, it chooses layers as at its start. Its own requests go on.
    public mutating func setPresence(
        _ presence: Presence, at now: Instant, into outbox: inout Outbox
    ) {
        precondition(presence != .leaving, "Node.drain and Node.leave say goodbye for good")
        if presence != self.presence, self.presence != .leaving {
            let wasIdle = self.presence == .idle
            self.presence = presence
            note(.presence(presence))
            if wasIdle { reclaim(at: now) }
            if presence == .idle { resume(at: now) }
            stateChanged = true
        }
        settle(at: now, into: &outbox)
    }

    /// Whether the line costs its owner money and is to be spared, whatever the verdict: peers are
    /// told, or they would go on probing at the usual rate.
    public mutating func setLine(
        isSpared: Bool, at now: Instant, into outbox: inout Outbox
    ) {
        if isSpared != isLineSpared {
            isLineSpared = isSpared
            changeRecord(addresses: record.addresses, at: now)
        }
        settle(at: now, into: &outbox)
    }

    /// Whether a stage of somebody's request is here, or layers are being fetched or loaded.
    public var isWorkingForOthers: Bool {
        pipelines.stageCount > 0 || models.values.contains { $0.work != .none }
    }

    private mutating func reclaim(at now: Instant) {
        pipelines.drain(
            computeUntil: now + Limits.reclaimServeTime, until: now + Limits.reclaimKeepTime,
            at: now, into: &mail)
        for (model, entry) in zip(models.keys, models.values) where entry.isServed {
            if case .fetching(let layers) = entry.work {
                for index in layers.range.map({ $0 + 1 })
                where entry.pieces[index] != .complete && !entry.requestedPieces.contains(index) {
                    shards.cancel(root: entry.manifest.manifest.pieces[index].root)
                }
            }
            models.update(model) { $0.work = .none }
        }
        // Stages that still serve need their layers for a moment.
        deadlines.release = pipelines.stageCount > 0 ? now + Limits.reclaimServeTime : now
        releaseLayers(at: now)
    }

    /// Gives every layer back, once no stage computes with it any more.
    mutating func releaseLayers(at now: Instant) {
        guard deadlines.release <= now else { return }
        deadlines.release = .never
        for (model, entry) in zip(models.keys, models.values) where entry.isServed {
            placement.unwant(model)
        }
    }

    private mutating func resume(at now: Instant) {
        deadlines.release = .never
        for entry in models.values where entry.isServed {
            placement.want(WantedModel(entry.manifest.manifest), at: now)
            tellDisk(entry.manifest.manifest.digest)
        }
    }
}
