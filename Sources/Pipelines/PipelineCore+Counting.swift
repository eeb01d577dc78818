public import Primitives

extension PipelineCore {
    /// Requests that this node serves as a stage of one model.
    public func stageCount(of model: Digest) -> Int {
        stages.requests.values.count { $0.offer.model == model }
    }
}
