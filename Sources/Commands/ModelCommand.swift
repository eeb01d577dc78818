import Checkpoints
import Identity
import Primitives
import Runtime
import Wire

/// `bored model`: what is in the store.
enum ModelCommand {
    static func importModel(_ settings: Settings) throws -> Int32 {
        let directory = try settings.dataDirectory()
        let keys = try directory.keys()
        let store = ModelStore(in: directory)
        let checkpoint = try ModelFiles.open(settings.operands[0])
        if let name = settings.string("name"), !ModelStore.isUsableName(name) {
            throw UsageError(
                "--name takes 1 to \(Limits.modelNameByteCount) bytes without '/' and control "
                    + "characters, that do not begin with '-' or '.', or end in .gguf, .json or "
                    + ".model.")
        }
        let start = SystemClock.now()
        let signed = try store.importModel(
            checkpoint, name: settings.string("name"), keys: keys, isNameUnique: true
        ) { progress in
            guard !settings.wantsJSON else { return }
            Console.note(line(progress, after: SystemClock.now().since(start).seconds))
        }
        let manifest = signed.manifest
        let time = decimal(SystemClock.now().since(start).seconds, 1)
        let byteCount = manifest.pieces.reduce(UInt64(0)) { $0 + $1.byteCount }
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("name", manifest.name)
            line.add("digest", manifest.digest.description)
            line.add("layers", manifest.layerCount)
            line.add("bytes", Int(byteCount))
            line.add("conversions", checkpoint.conversions.map(object))
            Console.line(line.text)
        } else {
            for conversion in checkpoint.conversions { Console.line(sentence(conversion)) }
            Console.line(
                "\(manifest.name) \(manifest.digest): \(manifest.layerCount) layers, "
                    + "\(size(byteCount)), in \(time) s"
            )
        }
        return 0
    }

    /// `3 of 7 pieces, 27 of 66 tensors, 1.2 of 3.4 MiB, 2 s left`
    private static func line(_ progress: ImportProgress, after seconds: Double) -> String {
        let rest = Double(progress.totalByteCount - progress.byteCount)
        let left = rest * seconds / Double(max(1, progress.byteCount))
        return "\(progress.finishedPieceCount) of \(progress.pieceCount) pieces, "
            + "\(progress.finishedTensorCount) of \(progress.tensorCount) tensors, "
            + "\(size(progress.byteCount)) of \(size(progress.totalByteCount)), "
            + "\(decimal(left, left < 10 ? 1 : 0)) s left"
    }

    /// What an import did with the matrices of one type.
    private static func sentence(_ conversion: Conversion) -> String {
        let (from, to) = (conversion.from.rawValue, conversion.to.rawValue)
        let count = "\(conversion.tensorCount) matrices of \(from)"
        if from == to { return "\(count) stay as they are" }
        return "\(count) become \(to), " + (conversion.isExact ? "exactly" : "rounded")
    }

    private static func object(_ conversion: Conversion) -> JSONLine {
        var line = JSONLine()
        line.add("from", conversion.from.rawValue)
        line.add("to", conversion.to.rawValue)
        line.add("matrices", conversion.tensorCount)
        line.add("exact", conversion.isExact)
        return line
    }

    static func list(_ settings: Settings) throws -> Int32 {
        let directory = try settings.dataDirectory()
        let store = ModelStore(in: directory)
        try EmbeddedModel.add(to: store, keys: try directory.keys())
        let models = store.models()
        if settings.wantsJSON {
            for model in models {
                let manifest = model.manifest
                var line = JSONLine()
                line.add("name", manifest.name)
                line.add("digest", manifest.digest.description)
                line.add("license", manifest.license)
                line.add("layers", manifest.layerCount)
                line.add("bytes", Int(manifest.pieces.reduce(UInt64(0)) { $0 + $1.byteCount }))
                line.add("pieces", manifest.pieces.count)
                line.add("piecesHere", model.isComplete.count { $0 })
                Console.line(line.text)
            }
            return 0
        }
        let header = [["name", "digest", "layers", "size", "pieces here", "license"]]
        let rows = models.map { model in
            let manifest = model.manifest
            return [
                manifest.name, manifest.digest.short, "\(manifest.layerCount)",
                size(manifest.pieces.reduce(UInt64(0)) { $0 + $1.byteCount }),
                "\(model.isComplete.count { $0 }) of \(manifest.pieces.count)",
                manifest.license.isEmpty ? "-" : manifest.license,
            ]
        }
        for line in columns(header + rows) { Console.line(line) }
        return 0
    }

    static func remove(_ settings: Settings) throws -> Int32 {
        let store = ModelStore(in: try settings.dataDirectory())
        let name = settings.operands[0]
        guard let model = try store.model(named: name) else {
            throw CommandError("The store has no model '\(name)': see bored model list.")
        }
        try store.remove(model.manifest.digest)
        if settings.wantsJSON {
            var line = JSONLine()
            line.add("removed", model.manifest.digest.description)
            Console.line(line.text)
        } else {
            Console.line("removed \(model.manifest.name) \(model.manifest.digest)")
        }
        return 0
    }
}
