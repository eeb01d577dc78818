import Primitives
public import Tensors

/// A whole model in one process, for answers with no mesh and for comparing with those over one.
public struct LocalModel: Sendable {
    public let shape: ModelShape
    public let ends: Ends
    public let layers: [LayerWeights]
    /// Bytes of weights that one token's step reads: all layers and the head.
    public let readByteCount: Int

    /// From pieces: the ends, then each layer. Throws where one of them is not of this shape.
    public init(shape: ModelShape, pieces: [WeightBytes]) throws(ModelError) {
        guard pieces.count == shape.layerCount + 1 else {
            throw .invalidShape("\(shape.layerCount) layers in \(pieces.count) pieces")
        }
        try self.init(
            try Ends(pieces[0], shape: shape), layerPieces: Array(pieces.dropFirst()))
    }

    /// From ends that are there already, and the pieces of all layers.
    public init(_ ends: Ends, layerPieces: [WeightBytes]) throws(ModelError) {
        shape = ends.shape
        self.ends = ends
        guard layerPieces.count == shape.layerCount else {
            throw .invalidShape("\(shape.layerCount) layers in \(layerPieces.count) pieces")
        }
        var layers: [LayerWeights] = []
        for (layer, piece) in layerPieces.enumerated() {
            layers.append(try LayerWeights(piece, layer: layer, shape: shape))
        }
        self.layers = layers
        readByteCount = layerPieces.reduce(0) { $0 + $1.byteCount } + ends.headByteCount
    }

    /// Whether most of its products take weights of bytes or less.
    public var isQuantized: Bool { layers.first.map { $0.output.format != .float16 } ?? false }

    /// From a checkpoint, through the same pieces as any other way.
    public init(_ builder: PieceBuilder) throws(ModelError) {
        var pieces: [WeightBytes] = []
        for index in 0..<builder.pieceCount {
            pieces.append(WeightBytes(copying: try builder.build(index)))
        }
        try self.init(shape: builder.shape, pieces: pieces)
    }
}

/// One request on a local model: rows through all layers, in one process.
public struct LocalRun: ~Copyable {
    public let model: LocalModel
    public let forward: Forward
    private let state: KeyValueState
    private let rowCountMaximum: Int
    private var hidden: FloatBuffer
    private var scratch: ForwardScratch
    private var endsScratch: EndsScratch

    /// Room for `positionCount` positions, `rowCountMaximum` of them in one step.
    public init(
        _ model: LocalModel, kernels: Kernels, positionCount: Int, rowCountMaximum: Int
    ) {
        self.model = model
        self.rowCountMaximum = rowCountMaximum
        let shape = model.shape
        forward = Forward(
            shape: shape, kernels: kernels, positionCountMaximum: positionCount)
        state = KeyValueState(
            shape: shape, layers: shape.layers, capacity: forward.positionCountMaximum)
        hidden = FloatBuffer(count: rowCountMaximum * shape.hiddenSize)
        scratch = ForwardScratch(shape: shape, rowCountMaximum: rowCountMaximum)
        endsScratch = EndsScratch(
            shape: shape, rowCountMaximum: min(rowCountMaximum, Limits.shortStepRowCount))
    }

    public var positionCount: Int { state.positionCount }

    /// Embeds `ids` and sends their rows through all layers, behind the positions so far.
    ///
    /// - Parameter outputRowCount: of these rows the last ones, whose outputs `append` leaves; all
    ///   of them where it is nil.
    public mutating func append(
        _ ids: ArraySlice<Int>, outputRowCount: Int? = nil, crew: some Crew = SerialCrew()
    ) {
        model.ends.embed(ids, into: &hidden, kernels: forward.kernels)
        forward.run(
            model.layers, hidden: &hidden, startPosition: state.positionCount,
            rowCount: ids.count, outputRowCount: outputRowCount, state: state, scratch: &scratch,
            crew: crew)
    }

    /// The rows that `append` left, (rowCount, hiddenSize).
    public func hiddenRows(_ rowCount: Int) -> [Float] {
        hidden.array(0..<rowCount * model.shape.hiddenSize)
    }

    /// The logits of row `row` of those that `append` left.
    public mutating func logits(row: Int, crew: some Crew = SerialCrew()) -> [Float] {
        let numbers = span(ofRow: row)
        hidden.withSpan { rows in
            model.ends.computeLogits(
                of: rows.extracting(numbers), scratch: &endsScratch,
                kernels: forward.kernels, crew: crew)
        }
        return endsScratch.logits.array(0..<model.shape.vocabularySize)
    }

    /// Forgets every position from `newCount` on.
    public mutating func truncate(to newCount: Int) {
        if newCount < state.positionCount { state.truncate(to: newCount) }
    }

    /// Runs `generation` on until it ends or `tell` says no. `tell` gets each id as it is chosen.
    /// A text that grows beyond what the memory was made for begins anew in larger memory.
    ///
    /// - Parameter drafting: who guesses ahead, if anybody does.
    public mutating func run(
        _ generation: inout Generation, drafting: Drafting? = nil,
        crew: some Crew = SerialCrew(), tell: (Int) -> Bool = { _ in true }
    ) {
        // Guessing takes time too.
        var start = drafting?.microseconds() ?? 0
        while true {
            if generation.cachePositionCount > forward.positionCountMaximum {
                self = LocalRun(
                    model, kernels: forward.kernels, positionCount: generation.cachePositionCount,
                    rowCountMaximum: rowCountMaximum)
                generation.rewind()
            }
            guard let rows = generation.nextRows(draftedBy: drafting?.drafter) else { break }
            defer { start = drafting?.microseconds() ?? 0 }
            truncate(to: rows.start)
            append(
                generation.ids(of: rows)[...], outputRowCount: rows.yieldingRowCount, crew: crew)
            guard rows.yieldsToken else {
                generation.accept(rows)
                continue
            }
            let outputs = 0..<rows.yieldingRowCount * model.shape.hiddenSize
            hidden.withSpan { all in
                model.ends.computeLogits(
                    of: all.extracting(outputs), scratch: &endsScratch,
                    kernels: forward.kernels, crew: crew)
            }
            let count = rows.yieldingRowCount * model.shape.vocabularySize
            let time = (drafting?.microseconds() ?? 0) - start
            endsScratch.logits.withSpan { logits in
                generation.accept(
                    rows, logits: logits.extracting(0..<count), microseconds: time, tell: tell)
            }
        }
    }

    private func span(ofRow row: Int) -> Range<Int> {
        row * model.shape.hiddenSize..<(row + 1) * model.shape.hiddenSize
    }
}
