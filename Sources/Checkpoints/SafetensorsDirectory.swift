import Primitives

/// A Hugging Face model directory: `config.json`, tensors in one or many safetensors files, and the
/// tokenizer's files.
public enum SafetensorsDirectory {
    /// Whether a file of this name can be needed, so that a shell maps no other.
    public static func isWanted(_ name: String) -> Bool {
        [".safetensors", ".json", ".model", ".jinja"].contains { name.hasSuffix($0) }
            || ["vocab.txt", "merges.txt"].contains(name)
    }

    /// Whether a directory without weights that has a file of this name is a tokenizer's.
    public static func isVocabulary(_ name: String) -> Bool {
        [
            "tokenizer.json", "tokenizer.model", "tekken.json", "vocab.json", "vocab.txt",
        ].contains(name)
    }

    /// A template for chats with tools, in a folder of its own.
    public static let toolTemplateFile = "additional_chat_templates/tool_use.jinja"

    /// Reads a model. `files` are those of its directory that are wanted, in any order; `name` is
    /// used where the configuration gives none.
    ///
    /// Tensors get GGUF's names and metadata GGUF's keys. Query and key rows of llama come out
    /// grouped for a rotation of neighbouring pairs, as its GGUF files have them.
    public static func open(_ files: [NamedRegion], name: String) throws(CheckpointError)
        -> Checkpoint
    {
        let directory = HuggingFaceFiles(files: files)
        let configuration = try HuggingFaceConfiguration(directory, name: name)
        var files = files
        var tensors = try readTensors(
            of: files, index: directory.json("model.safetensors.index.json"))
        let architecture = configuration.architecture
        nameCanonically(&tensors, architecture)
        let isTied = tieEmbeddings(&tensors, isTied: configuration.isTied, files)
        if let index = tensors.firstIndex(where: { $0.name == "position_embd.weight" }) {
            try keepReadRows(of: &tensors[index], configuration, files)
        }
        // Gemma's norms multiply by 1 + w; GGUF has the sum.
        if architecture.hasPrefix("gemma") {
            for index in tensors.indices where tensors[index].name.hasSuffix("norm.weight") {
                tensors[index].addend = 1
            }
        }
        if configuration.architecture == "llama" {
            let headSize = configuration.headSize
            for index in tensors.indices where isRotated(tensors[index].name) {
                // A bias is one row; its numbers are grouped as a matrix's rows are.
                let isBias = tensors[index].shape.count == 1
                let count = isBias ? tensors[index].columnCount : tensors[index].rowCount
                guard headSize > 0, headSize % 2 == 0, count % headSize == 0 else {
                    throw .tensor(
                        file: files[tensors[index].fileIndex].name, name: tensors[index].name,
                        expected: "rows that divide into heads of \(headSize)",
                        found: "shape \(tensors[index].shape)")
                }
                tensors[index].rowOrder = .pairedHalves(headSize: headSize)
            }
        }
        for (name, numbers) in configuration.tables {
            let bytes = numbers.flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) }
            }
            tensors.append(
                TensorEntry(
                    name: name, shape: [numbers.count], type: .f32, fileIndex: files.count,
                    byteRange: 0..<bytes.count))
            files.append(NamedRegion(name: "config.json, rope_scaling", region: Region(bytes)))
        }
        var metadata = configuration.metadata
        if let isTied { metadata.add(.bool(isTied), for: architecture + ".tied_embeddings") }
        return try Checkpoint(
            format: .safetensors, architecture: architecture, metadata: metadata,
            tensors: tensors, files: files)
    }

    /// Reads the files of a tokenizer with no model: a checkpoint of no tensors.
    public static func openVocabulary(_ files: [NamedRegion], name: String) throws(CheckpointError)
        -> Checkpoint
    {
        let configuration = try HuggingFaceConfiguration(
            vocabularyOf: HuggingFaceFiles(files: files), name: name)
        return try Checkpoint(
            format: .safetensors, architecture: configuration.architecture,
            metadata: configuration.metadata, tensors: [], files: files)
    }

    /// A matrix or bias of llama whose rows are rotated.
    private static func isRotated(_ name: String) -> Bool {
        ["attn_q.weight", "attn_k.weight", "attn_q.bias", "attn_k.bias"].contains {
            name.hasSuffix($0)
        }
    }

    /// Tensors of the files that the index names, or of all where there is no index.
    private static func readTensors(of files: [NamedRegion], index: JSONValue?)
        throws(CheckpointError) -> [TensorEntry]
    {
        let indexName = "model.safetensors.index.json"
        guard let index else {
            let parts = files.indices.filter { files[$0].name.hasSuffix(".safetensors") }
            guard !parts.isEmpty else {
                throw .missingFile(name: "model.safetensors", wantedBy: "a Hugging Face model")
            }
            // Some repositories carry a second copy of the weights under another name.
            let usual = parts.filter { files[$0].name == "model.safetensors" }
            var tensors: [TensorEntry] = []
            for part in usual.isEmpty ? parts : usual {
                tensors += try SafetensorsReader(file: files[part], fileIndex: part).tensors()
            }
            return tensors
        }
        guard let map = index["weight_map"]?.object else {
            throw .metadata(
                file: indexName, key: "weight_map", expected: "an object",
                found: index["weight_map"]?.kind ?? "no such key")
        }
        var tensors: [TensorEntry] = []
        var seen: [String: Set<String>] = [:]
        for (tensor, part) in zip(map.keys, map.values) {
            guard let part = part.string else {
                throw .metadata(
                    file: indexName, key: tensor, expected: "a file name", found: part.kind)
            }
            if seen[part] == nil {
                guard let position = files.firstIndex(where: { $0.name == part }) else {
                    throw .missingFile(name: part, wantedBy: indexName)
                }
                let more = try SafetensorsReader(file: files[position], fileIndex: position)
                    .tensors()
                seen[part] = Set(more.map(\.name))
                tensors += more
            }
            guard seen[part]?.contains(tensor) == true else {
                throw .tensor(
                    file: part, name: tensor, expected: "the tensor, which \(indexName) puts here",
                    found: "none of this name")
            }
        }
        return tensors
    }

    /// Gives tensors GGUF's names, and drops those that no forward pass reads.
    private static func nameCanonically(_ tensors: inout [TensorEntry], _ architecture: String) {
        tensors = tensors.compactMap { tensor in
            let name = TensorNames.canonical(tensor.name, architecture: architecture)
            guard let name else { return nil }
            var tensor = tensor
            tensor.name = name
            return tensor
        }
    }

    /// Leaves out the positions of an encoder's table that no text has.
    private static func keepReadRows(
        of tensor: inout TensorEntry, _ configuration: HuggingFaceConfiguration,
        _ files: [NamedRegion]
    ) throws(CheckpointError) {
        let skipped = configuration.skippedPositionCount
        guard tensor.shape.count == 2, skipped <= tensor.rowCount else {
            throw .tensor(
                file: files[tensor.fileIndex].name, name: tensor.name,
                expected: "a matrix of at least \(skipped) rows", found: "shape \(tensor.shape)")
        }
        let count = min(tensor.rowCount - skipped, configuration.readPositionCount ?? .max)
        let start = tensor.byteRange.lowerBound + skipped * tensor.rowByteCount
        tensor.byteRange = start..<start + count * tensor.rowByteCount
        tensor.shape[0] = count
    }

    /// A tied model has one matrix for both ends; a file may give it either name, or both.
    /// Where both are there and differ, transformers does not tie them. Returns whether they are
    /// one.
    private static func tieEmbeddings(
        _ tensors: inout [TensorEntry], isTied: Bool?, _ files: [NamedRegion]
    ) -> Bool? {
        guard isTied == true,
            let head = tensors.firstIndex(where: { $0.name == "output.weight" })
        else { return isTied }
        guard let embedding = tensors.firstIndex(where: { $0.name == "token_embd.weight" }) else {
            tensors[head].name = "token_embd.weight"
            return true
        }
        guard haveEqualNumbers(tensors[embedding], tensors[head], files) else { return false }
        tensors.remove(at: head)
        return true
    }

    /// Compares a mebibyte at a time: such matrices may have a gigabyte each.
    private static func haveEqualNumbers(
        _ first: TensorEntry, _ second: TensorEntry, _ files: [NamedRegion]
    ) -> Bool {
        guard first.type == second.type, first.shape == second.shape else { return false }
        func bytes(_ tensor: TensorEntry, from start: Int, _ count: Int) -> [UInt8] {
            let start = tensor.byteRange.lowerBound + start
            return files[tensor.fileIndex].region.bytes(in: start..<start + count)
        }
        let size = first.byteRange.count
        return stride(from: 0, to: size, by: 1 << 20).allSatisfy { start in
            let count = min(1 << 20, size - start)
            return bytes(first, from: start, count) == bytes(second, from: start, count)
        }
    }
}
