internal import Identity
internal import Primitives
internal import Wire

/// "Which nodes do you know at these log-distances from you?" The target stays hidden from whom we
/// ask, so nobody can make up nodes just beside it.
struct FindNodes: Hashable, Sendable {
    var request: UInt32
    /// One to three different numbers, 1 ... 256, the most wanted first.
    var distances: [Int]

    init(request: UInt32, distances: [Int]) {
        self.request = request
        self.distances = distances
    }

    init(from reader: inout ByteReader) throws(WireError) {
        request = try reader.readUInt32()
        let count = try reader.readCount(limit: Limits.findDistanceCount)
        guard count > 0 else { throw .invalid }
        distances = []
        for _ in 0..<count {
            let distance = Int(try reader.readUInt16())
            guard (1...256).contains(distance), !distances.contains(distance) else {
                throw .invalid
            }
            distances.append(distance)
        }
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 12)
        writer.write(MessageKind.findNodes.rawValue)
        writer.write(request)
        writer.writeVarint(distances.count)
        for distance in distances { writer.write(UInt16(distance)) }
        return writer.bytes
    }
}

/// The answer to `FindNodes`.
struct Nodes: Hashable, Sendable {
    var request: UInt32
    var records: [NodeRecord]

    init(request: UInt32, records: [NodeRecord]) {
        self.request = request
        self.records = records
    }

    init(from reader: inout ByteReader) throws(WireError) {
        request = try reader.readUInt32()
        records = try readRecords(&reader)
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 16 + records.count * Limits.recordByteCount)
        writer.write(MessageKind.nodes.rawValue)
        writer.write(request)
        write(records, into: &writer)
        return writer.bytes
    }
}

/// "Keep this ad of mine under this topic."
struct PutAd: Hashable, Sendable {
    var request: UInt32
    var topic: NodeID
    var ad: Ad

    init(request: UInt32, topic: NodeID, ad: Ad) {
        self.request = request
        self.topic = topic
        self.ad = ad
    }

    init(from reader: inout ByteReader) throws(WireError) {
        request = try reader.readUInt32()
        topic = try reader.read32(NodeID.self)
        ad = try Ad(decoding: try reader.readBlob(limit: Limits.adByteCount))
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 48 + ad.encoded.count)
        writer.write(MessageKind.putAd.rawValue)
        writer.write(request)
        writer.write(topic)
        writer.writeBlob(ad.encoded)
        return writer.bytes
    }
}

/// What became of a `PutAd`.
enum AdVerdict: UInt8, Sendable {
    case stored = 0
    /// A limit is reached: of the store, of the topic, or of the holder.
    case full = 1
    /// Not authentic, not the sender's, expired, or older than what is stored.
    case refused = 2
}

/// The answer to `PutAd`.
struct AdStored: Hashable, Sendable {
    var request: UInt32
    var verdict: AdVerdict

    init(request: UInt32, verdict: AdVerdict) {
        self.request = request
        self.verdict = verdict
    }

    init(from reader: inout ByteReader) throws(WireError) {
        request = try reader.readUInt32()
        guard let verdict = AdVerdict(rawValue: try reader.readUInt8()) else { throw .invalid }
        self.verdict = verdict
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 6)
        writer.write(MessageKind.adStored.rawValue)
        writer.write(request)
        writer.write(verdict.rawValue)
        return writer.bytes
    }
}

/// "Which ads do you keep under this topic, and who is nearer to it?"
struct FindAds: Hashable, Sendable {
    var request: UInt32
    var topic: NodeID

    init(request: UInt32, topic: NodeID) {
        self.request = request
        self.topic = topic
    }

    init(from reader: inout ByteReader) throws(WireError) {
        request = try reader.readUInt32()
        topic = try reader.read32(NodeID.self)
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 40)
        writer.write(MessageKind.findAds.rawValue)
        writer.write(request)
        writer.write(topic)
        return writer.bytes
    }
}

/// An ad and how much longer its keeper will keep it, in seconds.
struct AgedAd: Hashable, Sendable {
    var remainingSeconds: UInt32
    var ad: Ad
}

/// The answer to `FindAds`.
struct Ads: Hashable, Sendable {
    var request: UInt32
    var ads: [AgedAd]
    var records: [NodeRecord]

    init(request: UInt32, ads: [AgedAd], records: [NodeRecord]) {
        self.request = request
        self.ads = ads
        self.records = records
    }

    init(from reader: inout ByteReader) throws(WireError) {
        request = try reader.readUInt32()
        ads = []
        for _ in 0..<(try reader.readCount(limit: Limits.findAdCount)) {
            let remainingSeconds = try reader.readUInt32()
            let ad = try Ad(decoding: try reader.readBlob(limit: Limits.adByteCount))
            ads.append(AgedAd(remainingSeconds: remainingSeconds, ad: ad))
        }
        records = try readRecords(&reader)
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 64 + ads.count * Limits.adByteCount)
        writer.write(MessageKind.ads.rawValue)
        writer.write(request)
        writer.writeVarint(ads.count)
        for aged in ads {
            writer.write(aged.remainingSeconds)
            writer.writeBlob(aged.ad.encoded)
        }
        write(records, into: &writer)
        return writer.bytes
    }
}

private func readRecords(_ reader: inout ByteReader) throws(WireError) -> [NodeRecord] {
    var records: [NodeRecord] = []
    for _ in 0..<(try reader.readCount(limit: Limits.findRecordCount)) {
        records.append(try reader.readRecord())
    }
    return records
}

private func write(_ records: [NodeRecord], into writer: inout ByteWriter) {
    writer.writeVarint(records.count)
    for record in records { writer.write(record) }
}
