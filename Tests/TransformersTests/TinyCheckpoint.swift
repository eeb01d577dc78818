import Checkpoints
import Primitives

/// A GGUF file of a tiny llama, made in memory, with something wrong in it where a test asks.
struct TinyCheckpoint {
    var architecture = "llama"
    var isTied = false
    /// Numbers put at the start of a tensor.
    var changes: [String: Float] = [:]
    var missing: String?
    /// Tensors with one row more.
    var taller: String?

    private var tensors: [(name: String, shape: [Int])] {
        var all = [("token_embd.weight", [40, 32]), ("output_norm.weight", [32])]
        if !isTied { all.append(("output.weight", [40, 32])) }
        for layer in 0..<2 {
            all += [
                ("attn_norm.weight", [32]), ("ffn_norm.weight", [32]),
                ("attn_q.weight", [32, 32]), ("attn_k.weight", [16, 32]),
                ("attn_v.weight", [16, 32]), ("attn_output.weight", [32, 32]),
                ("ffn_gate.weight", [48, 32]), ("ffn_up.weight", [48, 32]),
                ("ffn_down.weight", [32, 48]),
            ].map { ("blk.\(layer).\($0.0)", $0.1) }
        }
        return all.filter { $0.0 != missing }.map { name, shape in
            (name, name == taller ? [shape[0] + 1] + shape.dropFirst() : shape)
        }
    }

    private static let integers: [(String, UInt32)] = [
        ("block_count", 2), ("embedding_length", 32),
        ("feed_forward_length", 48), ("context_length", 64),
        ("attention.head_count", 4), ("attention.head_count_kv", 2),
    ]

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(Array("GGUF".utf8))
        writer.write(UInt32(3))
        writer.write(UInt64(tensors.count))
        writer.write(UInt64(Self.integers.count + 2))
        writer.writeGGUF("general.architecture")
        writer.write(UInt32(8))
        writer.writeGGUF(architecture)
        writer.writeGGUF(architecture + ".attention.layer_norm_rms_epsilon")
        writer.write(UInt32(6))
        writer.write(Float(1e-5).bitPattern)
        for (key, value) in Self.integers {
            writer.writeGGUF(architecture + "." + key)
            writer.write(UInt32(4))
            writer.write(value)
        }
        var random = SeededRandom(seed: 3)
        var data = ByteWriter()
        for tensor in tensors {
            writer.writeGGUF(tensor.name)
            writer.write(UInt32(tensor.shape.count))
            for size in tensor.shape.reversed() { writer.write(UInt64(size)) }
            writer.write(UInt32(0))
            writer.write(UInt64(data.count))
            for index in 0..<tensor.shape.reduce(1, *) {
                let number = Float(random.below(2_001) - 1_000) / 4_000
                let changed = index == 0 ? changes[tensor.name] ?? number : number
                data.write(changed.bitPattern)
            }
            data.write([UInt8](repeating: 0, count: (32 - data.count % 32) % 32))
        }
        writer.write([UInt8](repeating: 0, count: (32 - writer.count % 32) % 32))
        return writer.bytes + data.bytes
    }

    func open() throws -> Checkpoint {
        try GGUF.open(NamedRegion(name: "tiny.gguf", region: Region(bytes)))
    }
}

extension ByteWriter {
    fileprivate mutating func writeGGUF(_ text: String) {
        write(UInt64(text.utf8.count))
        write(text.utf8)
    }
}
