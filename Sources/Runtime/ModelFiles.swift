public import Checkpoints

/// The files of a model that a person named by a path.
public enum ModelFiles {
    /// Whether there is a file or a folder at this path.
    public static func isThere(_ path: String) -> Bool {
        Files.isDirectory(path) || Files.byteCount(path) != nil
    }

    /// Reads a GGUF file (one part of several stands for all of them), a Hugging Face directory, or
    /// a tokenizer alone: a directory without weights, or a `tokenizer.json` or `tokenizer.model`
    /// of any name, with what lies beside it if it has the usual one.
    ///
    /// Files are mapped, not loaded. The error names the file and the place in it.
    public static func open(_ path: String) throws(DataError) -> Checkpoint {
        do {
            if Files.isDirectory(path) { return try openDirectory(path) }
            if path.hasSuffix(".json") || path.hasSuffix(".model") {
                return try openTokenizer(path)
            }
            return try openGGUF(path)
        } catch let error as CheckpointError {
            throw DataError("\(path) can't be read as a model. \(error)")
        } catch let error as SystemError {
            throw DataError("\(path) can't be read: \(error.reason).")
        } catch {
            throw DataError("\(path): \(error)")
        }
    }

    private static func openDirectory(_ path: String) throws -> Checkpoint {
        let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
        var regions: [NamedRegion] = []
        for name in Files.list(folder) where SafetensorsDirectory.isWanted(name) {
            regions.append(
                NamedRegion(name: name, region: try MappedFile.open(folder + "/" + name)))
        }
        func addFile(_ name: String) throws {
            guard Files.byteCount(folder + "/" + name) != nil else { return }
            regions.append(
                NamedRegion(name: name, region: try MappedFile.open(folder + "/" + name)))
        }
        try addFile(SafetensorsDirectory.toolTemplateFile)
        let names = regions.map(\.name)
        if !names.contains(where: { $0.hasSuffix(".safetensors") }),
            names.contains(where: { SafetensorsDirectory.isVocabulary($0) })
        {
            return try SafetensorsDirectory.openVocabulary(regions, name: Files.name(of: folder))
        }
        let pooling = try SafetensorsDirectory.poolingFile { name throws(CheckpointError) in
            try regions.first { $0.name == name }.map { file throws(CheckpointError) in
                try JSONValue(parsing: file.region.bytes, file: name)
            }
        }
        try addFile(pooling)
        return try SafetensorsDirectory.open(regions, name: Files.name(of: folder))
    }

    private static func openTokenizer(_ path: String) throws -> Checkpoint {
        let name = Files.name(of: path)
        let usual = path.hasSuffix(".json") ? "tokenizer.json" : "tokenizer.model"
        var regions = [NamedRegion(name: usual, region: try MappedFile.open(path))]
        if name == usual {
            let folder = path.contains("/") ? String(path.dropLast(name.utf8.count + 1)) : "."
            let others = Files.list(folder.isEmpty ? "/" : folder)
            for other in others where SafetensorsDirectory.isWanted(other) {
                guard other != usual, !other.hasSuffix(".safetensors") else { continue }
                regions.append(
                    NamedRegion(name: other, region: try MappedFile.open(folder + "/" + other)))
            }
        }
        return try SafetensorsDirectory.openVocabulary(regions, name: name)
    }

    private static func openGGUF(_ path: String) throws -> Checkpoint {
        let regions = try parts(ofGGUF: path).map { part in
            NamedRegion(name: Files.name(of: part), region: try MappedFile.open(part))
        }
        return try GGUF.open(regions)
    }

    /// `model-00002-of-00003.gguf` stands for three files.
    private static func parts(ofGGUF path: String) -> [String] {
        let suffix = ".gguf"
        let stem = path.dropLast(suffix.count)
        let tail = stem.suffix("-00001-of-00003".count)
        let numbers = tail.split(separator: "-")
        guard path.hasSuffix(suffix), tail.hasPrefix("-"), numbers.count == 3, numbers[1] == "of",
            numbers[0].utf8.count == 5, numbers[2].utf8.count == 5,
            let part = Int(numbers[0]), let count = Int(numbers[2]), count > 0,
            (1...count).contains(part)
        else { return [path] }
        let head = stem.dropLast(tail.count)
        func digits(_ number: Int) -> String {
            String(repeating: "0", count: 5 - String(number).count) + String(number)
        }
        return (1...count).map { "\(head)-\(digits($0))-of-\(digits(count))\(suffix)" }
    }
}
