import Primitives

/// GGUF files, versions 2 and 3, little-endian (ggml's `docs/gguf.md`).
public enum GGUF {
    /// The first bytes of every GGUF file.
    public static let magic = Array("GGUF".utf8)

    /// Reads a model of one file.
    public static func open(_ file: NamedRegion) throws(CheckpointError) -> Checkpoint {
        try open([file])
    }

    /// Reads a model that llama.cpp split into several files, in their order. What is said about
    /// the model stands in the first; the others bring tensors.
    ///
    /// Any architecture is read; `ModelParameters` refuses those that cannot be run.
    public static func open(_ files: [NamedRegion]) throws(CheckpointError) -> Checkpoint {
        guard let first = files.first else {
            throw .missingFile(name: "*.gguf", wantedBy: "a GGUF model")
        }
        var reader = try GGUFReader(file: first, fileIndex: 0)
        let metadata = try reader.readMetadata()
        var tensors = try reader.readTensors(metadata)
        let partCount = try metadata.integer("split.count") ?? 1
        guard partCount == files.count || (partCount == 0 && files.count == 1) else {
            throw .metadata(
                file: first.name, key: "split.count", expected: "the \(files.count) files given",
                found: "\(partCount)")
        }
        for (index, file) in files.enumerated().dropFirst() {
            var part = try GGUFReader(file: file, fileIndex: index)
            tensors += try part.readTensors(try part.readMetadata())
        }
        guard let architecture = try metadata.string("general.architecture") else {
            throw .metadata(
                file: first.name, key: "general.architecture", expected: "a string",
                found: "no such key")
        }
        return try Checkpoint(
            format: .gguf, architecture: architecture, metadata: metadata, tensors: tensors,
            files: files)
    }
}
