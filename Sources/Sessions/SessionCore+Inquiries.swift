internal import Identity
public import Primitives

/// A question to an address: who are you?
struct Inquiry {
    var address: PeerAddress
    var nonce: UInt64
    var tryCount: Int
    var retryAt: Instant
}

extension SessionCore {
    /// Asks whoever listens at an address for its record: a handshake needs the peer's key, and a
    /// newcomer knows only an address. The answer is signed but nobody vouches for it: trust on
    /// first use.
    public mutating func inquire(
        _ address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) {
        guard !inquiries.contains(where: { $0.address == address }) else { return }
        guard inquiries.count < Limits.inquiryCount, !address.isUnspecified else {
            bench.events.append(.silent(address))
            return
        }
        inquiries.append(
            Inquiry(
                address: address, nonce: bench.entropy.nextUInt64(), tryCount: 0, retryAt: now))
        fireInquiries(at: now, into: &outbox)
    }

    mutating func fireInquiries(at now: Instant, into outbox: inout Outbox) {
        var kept: [Inquiry] = []
        for var inquiry in inquiries {
            guard inquiry.retryAt <= now, !outbox.isFull else {
                kept.append(inquiry)
                continue
            }
            guard inquiry.tryCount < bench.settings.inquiryWaits.count else {
                bench.events.append(.silent(inquiry.address))
                continue
            }
            var writer = ByteWriter(packet: .inquiry)
            writer.write(inquiry.nonce)
            writer.write(bench.settings.swarm.digest)
            writer.write([UInt8](repeating: 0, count: Protocol.inquiryByteCount - writer.count))
            _ = bench.send(writer.bytes, to: inquiry.address, into: &outbox)
            inquiry.retryAt = now + bench.settings.inquiryWaits[inquiry.tryCount]
            inquiry.tryCount += 1
            kept.append(inquiry)
        }
        inquiries = kept
    }

    /// Answers with this node's record: never longer than the question, no state, no secrets.
    mutating func receiveInquiry(
        _ bytes: Span<UInt8>, from address: PeerAddress, at now: Instant, into outbox: inout Outbox
    ) {
        guard bytes.count == Protocol.inquiryByteCount else {
            bench.counters.droppedWrongSize += 1
            return
        }
        guard Digest(Bytes32(array(bytes, 12..<44))) == bench.settings.swarm.digest else {
            bench.counters.droppedOtherSwarm += 1
            return
        }
        if now.since(introductionWindowStart) >= .seconds(1) {
            introductionWindowStart = now
            introductionCount = 0
        }
        guard introductionCount < Limits.introductionsPerSecond else {
            bench.counters.droppedRateLimited += 1
            return
        }
        introductionCount += 1
        var writer = ByteWriter(packet: .introduction)
        writer.write(readUInt64(bytes, at: 4))
        writer.write(bench.ownRecord)
        if bench.send(writer.bytes, to: address, into: &outbox) {
            bench.counters.introductionsSent += 1
        }
    }

    mutating func receiveIntroduction(_ bytes: Span<UInt8>, from address: PeerAddress) {
        guard Protocol.introductionByteCounts.contains(bytes.count) else {
            bench.counters.droppedWrongSize += 1
            return
        }
        let nonce = readUInt64(bytes, at: 4)
        guard
            let index = inquiries.firstIndex(where: {
                $0.nonce == nonce && $0.address == address
            })
        else {
            bench.counters.droppedUnasked += 1
            return
        }
        guard let record = decodeRecord(array(bytes, 12..<bytes.count)),
            record.isAuthentic(suite: bench.suite, puzzleBitCount: bench.settings.puzzleBitCount)
        else {
            bench.counters.droppedWrongRecord += 1
            return
        }
        inquiries.remove(at: index)
        bench.events.append(
            record.id == keys.id ? .silent(address) : .introduced(record, at: address))
    }

    /// The record that fills `bytes` to the end, or nil.
    private func decodeRecord(_ bytes: [UInt8]) -> NodeRecord? {
        var reader = ByteReader(bytes)
        guard let record = try? reader.readRecord(), reader.isAtEnd else { return nil }
        return record
    }
}
