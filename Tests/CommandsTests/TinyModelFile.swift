import Glibc
import Primitives
import Runtime

/// A GGUF file of a tiny model with random weights: experts, quantised matrices, divisors of their
/// own for long texts; or an encoder.
struct TinyModelFile {
    var layerCount = 4
    var expertCount = 0
    var usesQ8 = false
    var isEncoder = false
    var innerSize = 96
    /// Longer texts are rotated by other divisors; 0 where there is no such thing.
    var originalContextLength = 0

    private static let words =
        ["<unk>", "<s>", "</s>"]
        + (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return "<0x" + (digits.utf8.count < 2 ? "0" : "") + digits + ">"
        }

    private var hiddenSize: Int { 64 }

    private var architecture: String { isEncoder ? "bert" : "llama" }

    private var tensors: [(name: String, shape: [Int])] {
        if isEncoder { return encoderTensors }
        var all = [
            ("token_embd.weight", [Self.words.count, hiddenSize]),
            ("output_norm.weight", [hiddenSize]),
        ]
        if originalContextLength > 0 {
            all += ["short", "long"].map { ("rope_factors_\($0).weight", [8]) }
        }
        for layer in 0..<layerCount {
            var own = [
                ("attn_norm.weight", [hiddenSize]), ("ffn_norm.weight", [hiddenSize]),
                ("attn_q.weight", [64, hiddenSize]), ("attn_k.weight", [32, hiddenSize]),
                ("attn_v.weight", [32, hiddenSize]), ("attn_output.weight", [hiddenSize, 64]),
            ]
            if expertCount > 0 {
                own += [
                    ("ffn_gate_inp.weight", [expertCount, hiddenSize]),
                    ("ffn_gate_exps.weight", [expertCount, innerSize, hiddenSize]),
                    ("ffn_up_exps.weight", [expertCount, innerSize, hiddenSize]),
                    ("ffn_down_exps.weight", [expertCount, hiddenSize, innerSize]),
                ]
            } else {
                own += [
                    ("ffn_gate.weight", [innerSize, hiddenSize]),
                    ("ffn_up.weight", [innerSize, hiddenSize]),
                    ("ffn_down.weight", [hiddenSize, innerSize]),
                ]
            }
            all += own.map { ("blk.\(layer).\($0.0)", $0.1) }
        }
        return all
    }

    private var encoderTensors: [(name: String, shape: [Int])] {
        func norm(_ name: String) -> [(String, [Int])] {
            [(name + ".weight", [hiddenSize]), (name + ".bias", [hiddenSize])]
        }
        func matrix(_ name: String, _ shape: [Int]) -> [(String, [Int])] {
            [(name + ".weight", shape), (name + ".bias", [shape[0]])]
        }
        var all = norm("token_embd_norm")
        for (name, count) in [("token_embd", Self.words.count), ("position_embd", 256)] {
            all.append((name + ".weight", [count, hiddenSize]))
        }
        all.append(("token_types.weight", [2, hiddenSize]))
        for layer in 0..<layerCount {
            var own = norm("attn_output_norm") + norm("layer_output_norm")
            for name in ["attn_q", "attn_k", "attn_v", "attn_output"] {
                own += matrix(name, [hiddenSize, hiddenSize])
            }
            own += matrix("ffn_up", [innerSize, hiddenSize])
            own += matrix("ffn_down", [hiddenSize, innerSize])
            all += own.map { ("blk.\(layer).\($0.0)", $0.1) }
        }
        return all
    }

    /// Writes it beside the nodes' folders.
    func write(in mesh: ProcessMesh) throws -> String {
        _ = try DataDirectory(mesh.data(0))
        let path = mesh.data(0) + "/tiny.gguf"
        let stream = unsafe fopen(path, "w")
        let bytes = bytes
        unsafe fwrite(bytes, 1, bytes.count, stream)
        unsafe fclose(stream)
        return path
    }

    var bytes: [UInt8] {
        var head = ByteWriter()
        head.write(Array("GGUF".utf8))
        head.write(UInt32(3))
        head.write(UInt64(tensors.count))
        let keys = keys
        head.write(UInt64(keys.count))
        for key in keys { head.write(key) }
        var data = ByteWriter()
        var random = SeededRandom(seed: 5)
        for (name, shape) in tensors {
            let isQ8 = usesQ8 && shape.count > 1 && !name.contains("gate_inp")
            head.write(Self.string(name))
            head.write(UInt32(shape.count))
            for size in shape.reversed() { head.write(UInt64(size)) }
            head.write(UInt32(isQ8 ? 8 : 0))
            head.write(UInt64(data.count))
            for index in 0..<shape.reduce(1, *) {
                let whole = random.below(255) - 127
                if isQ8 {
                    // A scale of 2^-9 for each 32.
                    if index % 32 == 0 { data.write(UInt16(0x1800)) }
                    data.write(UInt8(bitPattern: Int8(whole)))
                } else {
                    let number = Float(whole) * 0x1p-9
                    data.write((shape.count > 1 ? number : 1 + number).bitPattern)
                }
            }
            data.write([UInt8](repeating: 0, count: (32 - data.count % 32) % 32))
        }
        head.write([UInt8](repeating: 0, count: (32 - head.count % 32) % 32))
        return head.bytes + data.bytes
    }

    private var keys: [[UInt8]] {
        let integers: [(String, Int)] = [
            ("\(architecture).block_count", layerCount),
            ("\(architecture).embedding_length", hiddenSize),
            ("\(architecture).feed_forward_length", innerSize),
            ("\(architecture).context_length", 256), ("\(architecture).attention.head_count", 4),
            ("\(architecture).attention.head_count_kv", isEncoder ? 4 : 2),
            ("tokenizer.ggml.bos_token_id", 1), ("tokenizer.ggml.eos_token_id", 2),
        ]
        var keys = [
            Self.string("general.architecture") + [8, 0, 0, 0] + Self.string(architecture),
            Self.string("general.license") + [8, 0, 0, 0] + Self.string("none"),
            Self.string("tokenizer.ggml.model") + [8, 0, 0, 0] + Self.string("llama"),
            Self.string(
                "\(architecture).attention.layer_norm_" + (isEncoder ? "epsilon" : "rms_epsilon"))
                + [6, 0, 0, 0] + [0xAC, 0xC5, 0x27, 0x37],
            array("tokenizer.ggml.tokens", type: 8, Self.words.flatMap(Self.string)),
            array("tokenizer.ggml.scores", type: 6, Self.words.flatMap { _ in [0, 0, 0, 0] }),
            array(
                "tokenizer.ggml.token_type", type: 5,
                Self.words.indices.flatMap { Self.word($0 == 0 ? 2 : $0 < 3 ? 3 : 6) }),
        ]
        keys += integers.map { Self.string($0.0) + [4, 0, 0, 0] + Self.word($0.1) }
        if originalContextLength > 0 {
            keys.append(
                Self.string("llama.rope.scaling.original_context_length") + [4, 0, 0, 0]
                    + Self.word(originalContextLength))
        }
        if expertCount > 0 {
            keys.append(
                Self.string("llama.expert_count") + [4, 0, 0, 0] + Self.word(expertCount))
            keys.append(Self.string("llama.expert_used_count") + [4, 0, 0, 0] + Self.word(2))
        }
        return keys
    }

    private func array(_ key: String, type: UInt8, _ elements: [UInt8]) -> [UInt8] {
        Self.string(key) + [9, 0, 0, 0, type, 0, 0, 0] + Self.word(Self.words.count)
            + [0, 0, 0, 0] + elements
    }

    private static func word(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func string(_ text: String) -> [UInt8] {
        word(text.utf8.count) + [0, 0, 0, 0] + Array(text.utf8)
    }
}
