extension Sampler {
    /// Logits with biases and penalties (Protocol.md, "Choice"), each step rounded to Float32.
    ///
    /// `ids` are prompt and answer so far, the answer from `promptCount` on. Ids outside of the
    /// vocabulary are passed over.
    mutating func change(_ ids: [Int], promptCount: Int) {
        for bias in settings.biases where bias.id < logits.count {
            logits[bias.id] = logits[bias.id] + bias.value
        }
        let penalizes =
            settings.repetitionPenalty != 1 || settings.frequencyPenalty != 0
            || settings.presencePenalty != 0
        guard penalizes else { return }
        if counts.count != logits.count { counts = Array(repeating: -1, count: logits.count) }
        // -1 is a token that never came, 0 one of the prompt alone, n one of n times in the answer.
        for (place, id) in ids.enumerated() where counts.indices.contains(id) {
            counts[id] = max(counts[id], 0) + (place < promptCount ? 0 : 1)
        }
        for id in ids where counts.indices.contains(id) && counts[id] >= 0 {
            logits[id] = penalized(logits[id], count: counts[id])
            counts[id] = -1
        }
    }

    private func penalized(_ logit: Float, count: Int32) -> Float {
        let penalty = settings.repetitionPenalty
        var logit = penalty == 1 ? logit : logit > 0 ? logit / penalty : logit * penalty
        if count > 0 {
            let product = Float(count) * settings.frequencyPenalty
            logit = logit - product
            logit = logit - settings.presencePenalty
        }
        return logit.isNaN ? -.infinity : logit
    }
}
