import Pipelines
import Primitives
import Testing

@Suite struct `a step` {
    @Test(arguments: [(64, 256), (4_096, 255), (16_384, 63), (65_536, 15)])
    func `has as many rows as a message holds`(hiddenSize: Int, expected: Int) {
        let count = Step.rowCountMaximum(hiddenSize: hiddenSize)
        #expect(count == expected)
        // Kind, request, five numbers, a time for each stage.
        let headerByteCount = 1 + 40 + 5 * 10 + 10 + 4 * Limits.chainStageCount
        #expect(headerByteCount <= Limits.stepHeaderByteCount)
        #expect(headerByteCount + count * hiddenSize * 4 <= Limits.messageByteCount)
    }
}
