public import Tensors

/// A whole model in one process, for answers with no mesh and for comparing with those over one.
public struct LocalModel: Sendable {
    public let shape: ModelShape
    public let ends: Ends
    public let layers: [LayerWeights]

    /// From pieces: the ends, then each layer. Throws where one of them is not of this shape.
    public init(shape: ModelShape, pieces: [WeightBytes]) throws(ModelError) {
        guard pieces.count == shape.layerCount + 1 else {
            throw .invalidShape("\(shape.layerCount) layers in \(pieces.count) pieces")
        }
        self.shape = shape
        ends = try Ends(pieces[0], shape: shape)
        var layers: [LayerWeights] = []
        for piece in pieces.dropFirst() {
            layers.append(try LayerWeights(piece, shape: shape))
        }
        self.layers = layers
    }

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
    private var hidden: FloatBuffer
    private var scratch: ForwardScratch
    private var endsScratch: EndsScratch

    /// Room for `positionCount` positions, `rowCountMaximum` of them in one step.
    public init(
        _ model: LocalModel, kernels: Kernels, positionCount: Int, rowCountMaximum: Int
    ) {
        self.model = model
        let shape = model.shape
        forward = Forward(
            shape: shape, kernels: kernels, positionCountMaximum: positionCount)
        state = KeyValueState(
            shape: shape, layers: shape.layers, capacity: forward.positionCountMaximum)
        hidden = FloatBuffer(count: rowCountMaximum * shape.hiddenSize)
        scratch = ForwardScratch(shape: shape, rowCountMaximum: rowCountMaximum)
        endsScratch = EndsScratch(shape: shape)
    }

    public var positionCount: Int { state.positionCount }

    /// Embeds `ids` and sends their rows through all layers, behind the positions so far.
    public mutating func append(_ ids: ArraySlice<Int>, crew: some Crew = SerialCrew()) {
        model.ends.embed(ids, into: &hidden, kernels: forward.kernels)
        forward.run(
            model.layers, hidden: &hidden, startPosition: state.positionCount,
            rowCount: ids.count, state: state, scratch: &scratch, crew: crew)
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
        return endsScratch.logits.array()
    }

    /// Runs `generation` on until it ends or `tell` says no. `tell` gets each id as it is chosen.
    public mutating func run(
        _ generation: inout Generation, crew: some Crew = SerialCrew(),
        tell: (Int) -> Bool = { _ in true }
    ) {
        while let rows = generation.nextRows() {
            append(generation.ids[rows.start..<rows.start + rows.count], crew: crew)
            guard rows.yieldsToken else {
                generation.accept(rows)
                continue
            }
            let last = span(ofRow: rows.count - 1)
            let id = hidden.withSpan { all in
                generation.accept(
                    rows, lastRow: all.extracting(last), ends: model.ends,
                    scratch: &endsScratch, kernels: forward.kernels, crew: crew)
            }
            if let id, !tell(id) { return generation.stop() }
        }
    }

    private func span(ofRow row: Int) -> Range<Int> {
        row * model.shape.hiddenSize..<(row + 1) * model.shape.hiddenSize
    }
}
