import Pipelines
import Primitives

/// Requests that begin as earlier ones did.
extension Rig {
    /// Ends the request, and forgets what came of it here.
    func end() {
        close()
        run(.seconds(1))
        (steps, expected, results, resultTimes) = ([], [], [], [])
        (sentCount, sentByteCount, mendCount, rewindCount) = (0, 0, 0, 0)
        losses = []
        alone = TinyCache(layers: LayerRange(0, layerCount))
        for member in members { member.keptStepCount = 0 }
    }

    /// Every stage keeps what comes of rows.
    func keepRows() { for member in members.dropFirst() { member.kept = [:] } }

    /// What came of the named rows will be known in a moment.
    func look(up step: Step, by number: Int) {
        add(.lookedUp(step), to: number, after: members[number].lookupTime)
    }

    func take(_ step: Step, by number: Int) {
        let member = members[number]
        guard !member.abandons else { return computed(step.request, step, nil, by: number) }
        if let whole = member.caches[step.request]?.take(step, of: member.kept ?? [:]) {
            member.keptStepCount += 1
            let output = Array(whole.suffix(step.outputCount * Rig.rowByteCount))
            return computed(step.request, step, output, by: number)
        }
        if member.caches[step.request]?.steps.first == step {
            member.caches[step.request]?.steps.removeFirst()
        }
        speak(number) { core, now, mail in
            core.rowsNotKnown(step.request, step: step, at: now, into: &mail)
        }
    }
}

extension Rig.Member {
    /// Keeps what came of a step's rows, where it keeps anything.
    func keep(_ output: [UInt8], of step: Step) {
        guard var rows = kept else { return }
        caches[step.request]?.keep(output, of: step, in: &rows)
        kept = rows
    }
}

extension RequestID {
    /// As messages begin with it, behind their kind.
    var bytes: [UInt8] {
        entry.bytes + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
