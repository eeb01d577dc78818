internal import Identity
public import Primitives
internal import Wire

/// An entry asks a node to hold layers: those of a running request whose holders it lost.
struct LayersWanted: Hashable, Sendable {
    var model: Digest
    var layers: LayerRange

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 40)
        writer.write(MessageKind.layersWanted.rawValue)
        writer.write(model)
        writer.writeVarint(layers.lower)
        writer.writeVarint(layers.upper)
        return writer.bytes
    }
}

extension LayersWanted {
    init(from reader: inout ByteReader) throws(WireError) {
        model = try reader.read32(Digest.self)
        let lower = try reader.readCount(limit: Limits.layerCount)
        let upper = try reader.readCount(limit: Limits.layerCount)
        guard lower < upper else { throw .invalid }
        layers = LayerRange(lower, upper)
        try reader.finish()
    }
}

extension PipelineCore {
    /// Asks a node to hold layers that a request lacks; `layersWanted` follows there.
    public mutating func askToHold(
        _ layers: LayerRange, of model: Digest, by node: NodeID, into mail: inout Mail
    ) {
        mail.send(LayersWanted(model: model, layers: layers).encode(), to: node)
    }
}
