import MeshNode
import Primitives

/// What other threads answer, as the node hears it.
extension NodeLoop {
    /// Takes all answers there are; what steps of one batch have become leaves at once, so that
    /// the next stage has them together.
    mutating func takeAnswers() {
        guard let first = answers.next() else { return }
        give(first)
        while let answer = answers.next() {
            sendIfCrowded()
            give(answer)
        }
        socket.send(&outbox)
    }

    /// Makes room where what comes next might find too little.
    mutating func sendIfCrowded() {
        if outbox.room < outbox.capacity / 2 { socket.send(&outbox) }
    }

    /// What it makes the node write waits in the outbox.
    mutating func give(_ answer: LoopAnswer) {
        let now = SystemClock.now()
        switch answer {
        case .engine(let answer): give(answer, at: now)
        case .disk(let answer): give(answer, at: now)
        case .presence(.verdict(let verdict)):
            node.setPresence(verdict, at: now, into: &outbox)
        case .presence(.line(let isSpared)):
            node.setLine(isSpared: isSpared, at: now, into: &outbox)
        }
    }

    private mutating func give(_ answer: EngineAnswer, at now: Instant) {
        switch answer {
        case .loaded(let model, let layers, let microseconds):
            node.layersLoaded(
                model: model, layers: layers, layerMicroseconds: microseconds, at: now,
                into: &outbox)
        case .cacheOpened(let id, let refusal, let keepsRows):
            openedCaches.answer(id, isOpen: refusal == nil)
            let isWanted = node.cacheOpened(
                id, refusal: refusal?.reason, keepsRows: keepsRows, at: now, into: &outbox)
            if refusal == nil, !isWanted, openedCaches.close(id) {
                compute.require { [engine] in engine.close(id) }
            }
        case .rowsNotKnown(let id, let step):
            node.rowsNotKnown(id, step: step, at: now, into: &outbox)
        case .computed(let id, let step, let output, let microseconds):
            node.computed(
                id, step: step, output: output, microseconds: microseconds, at: now,
                into: &outbox)
        case .cacheExported(let id, let from, let end, let bytes):
            node.cacheExported(id, from: from, upTo: end, bytes: bytes, at: now, into: &outbox)
        case .cacheImported(let id, let position):
            node.cacheImported(id, position: position, at: now, into: &outbox)
        }
    }

    private mutating func give(_ answer: DiskAnswer, at now: Instant) {
        switch answer {
        case .chunk(let token, let bytes):
            node.chunkRead(token, bytes: bytes, at: now, into: &outbox)
        case .chunkList(let token, let digests):
            node.chunkListRead(token, digests: digests, at: now, into: &outbox)
        case .manifestStored(let model, let pieces):
            node.manifestStored(model, pieces: pieces, at: now, into: &outbox)
        case .pieceStored(let model, let index, let isWhole):
            node.pieceStored(
                model: model, pieceIndex: index, isWhole: isWhole, at: now, into: &outbox)
        }
    }
}
