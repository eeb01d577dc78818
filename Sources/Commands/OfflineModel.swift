import Primitives
import Runtime
import Tensors
import Tokenizers
import Transformers

/// A model in this process, for the commands that look into it without a mesh.
struct OfflineModel {
    let name: String
    let model: LocalModel
    let kernels: Kernels
    let crew: ThreadCrew

    /// The model that the command's first operand names.
    init(_ settings: Settings) throws {
        let source = try ModelSource.open(settings.operands[0], settings)
        name = source.name
        model = try source.localModel()
        kernels = Kernels(level: try settings.kernelLevel())
        crew = try ThreadCrew(memberCount: try settings.threadCount())
    }

    func tokenizer() throws -> Tokenizer {
        do { return try model.ends.makeTokenizer() } catch {
            throw CommandError("The tokenizer of \(name) can't be used: \(error).")
        }
    }

    /// Calls `tell` with the logits of each position that `wants` names, in order.
    func eachLogits(
        of ids: ArraySlice<Int>, wants: (Int) -> Bool, tell: (_ position: Int, [Float]) -> Void
    ) {
        let rowCount = min(ids.count, 64)
        var run = LocalRun(
            model, kernels: kernels, positionCount: ids.count, rowCountMaximum: rowCount)
        for first in stride(from: 0, to: ids.count, by: rowCount) {
            let step = ids.dropFirst(first).prefix(rowCount)
            let skipped = (0..<step.count).first { wants(first + $0) } ?? step.count
            run.append(step, outputRowCount: step.count - skipped, crew: crew)
            for row in skipped..<step.count where wants(first + row) {
                tell(first + row, run.logits(row: row - skipped, crew: crew))
            }
        }
    }
}

extension Settings {
    /// The ids behind `--tokens`: at least one, each of the vocabulary, no more than the context.
    func tokens(for shape: ModelShape) throws -> [Int] {
        guard let text = string("tokens") else {
            throw UsageError("bored \(command.name) needs --tokens ID,ID,...")
        }
        var ids: [Int] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = word.split(separator: " ")
            guard parts.count == 1, let id = Int(parts[0]), (0..<shape.vocabularySize).contains(id)
            else {
                throw UsageError(
                    "--tokens takes ids from 0 to \(shape.vocabularySize - 1) with commas between, "
                        + "not '\(word)'.")
            }
            ids.append(id)
        }
        guard ids.count <= shape.contextLength else {
            throw UsageError(
                "--tokens has \(ids.count) ids, and the model's context is \(shape.contextLength).")
        }
        return ids
    }

    /// The text behind `--text`, or in the file behind `--file`; `-` is the standard input.
    func text() throws -> String {
        if let text = string("text") {
            guard string("file") == nil else {
                throw UsageError("bored \(command.name) takes --text or --file, not both.")
            }
            return text
        }
        guard let path = string("file") else {
            throw UsageError("bored \(command.name) needs --text TEXT or --file FILE.")
        }
        if path == "-" {
            guard let text = Console.readInput(limit: Limits.textFileByteCount) else {
                throw CommandError("The standard input is not UTF-8 text of at most 64 MiB.")
            }
            return text
        }
        let bytes = try FileBytes.read(path, limit: Limits.textFileByteCount)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError("\(path) is not UTF-8 text.")
        }
        return text
    }
}
