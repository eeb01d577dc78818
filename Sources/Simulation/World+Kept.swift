internal import Identity
internal import MeshNode
internal import Pipelines
internal import Primitives

/// What simulated stages keep of requests, and prompts that begin as earlier ones did.
extension World {
    /// Steps that a node keeps; with one more it forgets all.
    private static let keptCount = 256

    func openCache(_ offer: StageOffer, of simulated: SimulatedNode) {
        let names = RowNames(
            entry: offer.request.entry, model: offer.model, layer: offer.layers.lower)
        simulated.caches[offer.request] = SimulatedCache(layers: offer.layers, names: names)
        // It may be others' rows: names that are not known here are a part of the game.
        simulated.machine?.node.cacheOpened(
            offer.request, refusal: nil, keepsRows: simulated.kept.count > 0, at: now,
            into: &outbox)
    }

    /// What comes of all rows of a step; nil where it names some of which nothing was kept.
    func outcome(
        of step: Step, cache: inout SimulatedCache, at simulated: SimulatedNode
    ) -> [UInt8]? {
        let key = cache.key(of: step)
        if step.isNamed {
            guard let key, let kept = simulated.kept[key], kept.rowCount == step.rowCount else {
                return nil
            }
            keptStepCount += 1
            cache.take(kept)
            return kept.output
        }
        let output = SimulatedModel.run(
            cache.layers, over: step.rows, rowByteCount: model.hiddenSize * 4, cache: &cache)
        if let key {
            if simulated.kept.count >= Self.keptCount { simulated.kept = OrderedTable() }
            simulated.kept[key] = cache.kept(output, of: step)
        }
        return output
    }

    /// The steps of a prompt, of which the first ones may be those of the last prompt here.
    func begin(_ prompt: inout SimulatedPrompt, at simulated: SimulatedNode) {
        var steps: [[UInt8]] = []
        if random.below(2) == 0 { steps += simulated.lastPrompt.prefix(1 + random.below(4)) }
        for _ in 0...random.below(3) { steps.append(randomRows(1 + random.below(40))) }
        for (index, rows) in steps.enumerated() {
            // As prompters do: of all these rows the last one's result.
            addStep(to: &prompt, rows: rows, resultCount: index + 1 < steps.count ? 0 : 1)
        }
        prompt.promptStepCount = steps.count
        simulated.lastPrompt = steps
    }
}
