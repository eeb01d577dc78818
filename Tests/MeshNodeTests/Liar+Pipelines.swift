import Identity
import Primitives
import Wire

/// What the liar says of requests: its own at the victim, and the victim's at it.
extension Liar {
    private static let rowByteCount = 16

    /// A number that is usually small.
    private func number(_ bound: Int) -> Int {
        isOne(in: 40) ? random.below(1 << 20) : random.below(bound)
    }

    private func sign(_ writer: ByteWriter, by face: Int) -> [UInt8] {
        writer.bytes + faces[face].keys.sign(writer.bytes).bytes
    }

    // MARK: what it hears

    func hearPipelines(_ kind: MessageKind, _ bytes: [UInt8], _ face: Int) {
        switch kind {
        case .openStage: try? hearOffer(bytes, face)
        case .step: try? hearStep(bytes)
        default: break
        }
    }

    private func hearOffer(_ bytes: [UInt8], _ face: Int) throws {
        var reader = ByteReader(bytes.dropFirst())
        _ = try reader.readRecord()
        let number = try reader.readUInt64()
        _ = try reader.readBytes(32)
        for _ in 0..<2 { _ = try reader.readVarint() }
        let seat = Int(clamping: try reader.readVarint())
        for _ in 0..<4 { _ = try reader.readVarint() }
        _ = try reader.readBytes(32)
        _ = try reader.readVarint()
        if try reader.readBlob(limit: 1_000).isEmpty { lastSeats[number] = (seat, face) }
        offers.append(Offer(bytes: bytes, number: number, seat: seat, face: face))
        if offers.count > 6 { offers.removeFirst() }
    }

    private func hearStep(_ bytes: [UInt8]) throws {
        var reader = ByteReader(bytes.dropFirst())
        guard try reader.readBytes(32) == victim.id.bytes else { return }
        let number = try reader.readUInt64()
        _ = try reader.readVarint()
        steps.append((number, try (0..<4).map { _ in Int(clamping: try reader.readVarint()) }))
        if steps.count > 8 { steps.removeFirst() }
    }

    // MARK: what it says

    func pipelines() -> (face: Int, bytes: [UInt8]) {
        switch random.below(16) {
        case 0: return offer()
        case 1...4: if let rows = rows() { return rows }
        case 5...7: if let result = result() { return result }
        case 8...10: if let answer = answerOffer() { return answer }
        case 11:
            var writer = ByteWriter()
            writer.write(MessageKind.layersWanted.rawValue)
            writer.write(isOne(in: 4) ? Digest(Bytes32(random: &random)) : pick(models).digest)
            writer.writeVarint(random.below(4))
            writer.writeVarint(pick([4, 5, 1_024]))
            return (random.below(faces.count), writer.bytes)
        default: break
        }
        return anything()
    }

    private func hop(_ writer: inout ByteWriter) {
        let goesOn = isOne(in: 2)
        writer.writeBlob(goesOn ? pick(faces).record.encoded : [])
        writer.writeVarint(goesOn ? 1 + number(4) : 0)
        writer.writeVarint(number(5))
        writer.writeVarint(number(6))
    }

    private func offer() -> (face: Int, bytes: [UInt8]) {
        let entry = random.below(faces.count)
        var writer = ByteWriter()
        writer.write(MessageKind.openStage.rawValue)
        writer.writeBlob(faces[entry].record.encoded)
        let requestNumber = UInt64(1 + random.below(1_000))
        writer.write(requestNumber)
        writer.write(models[0].digest)
        let lower = random.below(4)
        writer.writeVarint(lower)
        writer.writeVarint(lower + 1 + random.below(4 - lower))
        writer.writeVarint(1 + number(4))
        writer.writeVarint(4)
        writer.writeVarint(1 + number(200))
        let isNew = isOne(in: 2)
        let (index, position) = isNew ? (0, 0) : (number(3), number(5))
        writer.writeVarint(index)
        writer.writeVarint(position)
        let previous = isOne(in: 2) ? entry : random.below(faces.count)
        let previousSeat = previous == entry ? 0 : 1 + number(4)
        writer.write(faces[previous].keys.id)
        writer.writeVarint(previousSeat)
        hop(&writer)
        var request = ByteWriter()
        request.write(faces[entry].keys.id)
        request.write(requestNumber)
        parts.append(
            Part(
                request: request.bytes, previous: previous, previousSeat: previousSeat,
                index: index, position: position))
        if parts.count > 4 { parts.removeFirst() }
        let hasGiver = isOne(in: 4)
        writer.write(UInt8((hasGiver ? 1 : 0) | random.below(2) << 1))
        if hasGiver { writer.write(pick(faces).keys.id) }
        return (entry, sign(writer, by: entry))
    }

    /// The rows that a stage waits for, or some that overwrite the last.
    private func rows() -> (face: Int, bytes: [UInt8])? {
        guard !parts.isEmpty else { return nil }
        let place = random.below(parts.count)
        if isOne(in: 4) { parts[place].position -= min(parts[place].position, random.below(3)) }
        let (part, rowCount) = (parts[place], 1 + random.below(4))
        var writer = ByteWriter()
        writer.write(isOne(in: 6) ? MessageKind.replay.rawValue : MessageKind.step.rawValue)
        writer.write(part.request)
        writer.writeVarint(part.previousSeat)
        writer.writeVarint(part.index)
        writer.writeVarint(part.position)
        writer.writeVarint(rowCount)
        writer.writeVarint(random.below(rowCount + 1))
        writer.writeVarint(0)
        writer.write([UInt8](repeating: 5, count: rowCount * Self.rowByteCount))
        parts[place].position = (part.position + rowCount) % 1_000
        parts[place].index += 1
        return (part.previous, writer.bytes)
    }

    /// What an honest chain would send back for a step, if the rows were true.
    private func result() -> (face: Int, bytes: [UInt8])? {
        guard !steps.isEmpty else { return nil }
        let (requestNumber, fields) = steps.removeFirst()
        guard let last = lastSeats[requestNumber] else { return nil }
        let (position, rowCount, wanted) = (fields[1], fields[2], fields[3])
        var writer = ByteWriter()
        writer.write(MessageKind.stepDone.rawValue)
        writer.write(victim.id)
        writer.write(requestNumber)
        writer.writeVarint(last.seat)
        writer.writeVarint(fields[0])
        writer.writeVarint(wanted == 0 ? position : position + rowCount - wanted)
        writer.writeVarint(wanted == 0 ? rowCount : wanted)
        writer.writeVarint(wanted)
        writer.writeVarint(1)
        writer.write(UInt32.max)
        writer.write([UInt8](repeating: 4, count: wanted * Self.rowByteCount))
        return (last.face, writer.bytes)
    }

    /// The answer to an offer that the victim made.
    private func answerOffer() -> (face: Int, bytes: [UInt8])? {
        guard let offer = offers.randomElement(using: &random) else { return nil }
        let opens = !isOne(in: 6)
        var writer = ByteWriter()
        writer.write(opens ? MessageKind.stageOpened.rawValue : MessageKind.stageRefused.rawValue)
        writer.write(offer.number)
        writer.writeVarint(offer.seat)
        writer.write(Digest.of(offer.bytes, for: .token))
        writer.write(UInt8(opens ? random.below(2) : 1 + random.below(9)))
        return (offer.face, sign(writer, by: offer.face))
    }

    /// Any other message, of a request that there is.
    private func anything() -> (face: Int, bytes: [UInt8]) {
        let kind = pick(
            [
                .step, .stepDone, .stepFailed, .closeStage, .stageAccount, .cancel, .relinkStage,
                .stageRelinked, .askStage, .stageStatus, .replay, .replayTaken, .namedStep,
                .stageLeaving, .handOver, .cachePart, .cacheTaken, .handoffEnd, .rowsWanted,
            ] as [MessageKind])
        if isOne(in: 3), let part = parts.randomElement(using: &random) {
            let entry = faces.firstIndex { part.request.starts(with: $0.keys.id.bytes) }
            let writer = body(kind, of: part.request)
            return (entry ?? part.previous, writer.bytes)
        }
        var request = ByteWriter()
        request.write(victim.id)
        request.write(offers.randomElement(using: &random)?.number ?? 1)
        return (random.below(faces.count), body(kind, of: request.bytes).bytes)
    }

    private func body(_ kind: MessageKind, of request: [UInt8]) -> ByteWriter {
        var writer = ByteWriter()
        writer.write(kind.rawValue)
        writer.write(request)
        writer.writeVarint(isOne(in: 3) ? 0 : 1 + number(4))
        switch kind {
        case .step, .stepDone, .replay, .namedStep: step(kind, &writer)
        case .stepFailed:
            writer.write(UInt8(1 + random.below(9)))
            writer.writeVarint(number(5))
        case .relinkStage:
            let side = UInt8(random.below(2))
            writer.write(side)
            if side == 0 {
                writer.write(pick(faces).keys.id)
                writer.writeVarint(number(4))
            } else {
                hop(&writer)
            }
        case .stageStatus:
            writer.write(UInt8(random.below(5)))
            writer.writeVarint(number(6))
            writer.writeVarint(number(12))
        case .stageRelinked, .replayTaken, .cacheTaken, .rowsWanted: writer.writeVarint(number(12))
        case .stageLeaving: writer.writeVarint(number(60_000))
        case .handOver:
            writer.writeBlob(pick(faces).record.encoded)
            writer.writeVarint(1 + number(5))
            writer.writeVarint(number(5))
        case .cachePart:
            writer.writeVarint(number(12))
            writer.write([UInt8](repeating: 1, count: random.below(40)))
        case .handoffEnd:
            writer.writeVarint(number(12))
            writer.writeVarint(number(6))
            writer.writeVarint(0)
        default: break
        }
        return writer
    }

    private func step(_ kind: MessageKind, _ writer: inout ByteWriter) {
        let rowCount = 1 + random.below(4)
        writer.writeVarint(number(6))
        writer.writeVarint(number(12))
        writer.writeVarint(rowCount)
        let wanted = random.below(rowCount + 1)
        writer.writeVarint(kind == .stepDone ? rowCount : kind == .replay ? 0 : wanted)
        writer.writeVarint(1)
        writer.write(UInt32(5))
        let size = kind == .namedStep ? 32 : Self.rowByteCount
        writer.write([UInt8](repeating: UInt8(random.below(256)), count: rowCount * size))
    }
}
