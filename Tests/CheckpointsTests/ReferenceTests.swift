import Checkpoints
import Testing

@Suite(.enabled(if: ReferenceData.isPresent))
struct ReferenceTests {
    @Test(arguments: ["random/rand-llama", "random/rand-llama-k", "stories260K"])
    func `GGUF and safetensors of one model hold the same numbers`(path: String) throws {
        let name = path.split(separator: "/").last ?? ""
        let suffix = name == "stories260K" ? "F32" : "F16"
        let gguf = try ReferenceData.gguf("\(path)/\(name)-\(suffix).gguf")
        let directory = try ReferenceData.directory(path + "/hf")
        #expect(
            gguf.tensors.map(\.name).sorted() == directory.tensors.map(\.name).sorted())
        for tensor in gguf.tensors {
            let other = try directory.tensor(tensor.name, shape: tensor.shape)
            let (left, right) = try (gguf.floats(tensor.name), directory.floats(tensor.name))
            #expect(left.count == tensor.rowCount * tensor.columnCount)
            #expect(left == right, "\(tensor.name) \(other)")
            #expect(try gguf.halves(tensor.name) == directory.halves(tensor.name))
        }
        var (first, second) = try (ModelParameters(gguf), ModelParameters(directory))
        first.name = second.name
        first.license = second.license
        #expect(first == second)
    }
}
