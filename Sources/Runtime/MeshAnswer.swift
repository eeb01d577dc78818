public import MeshNode
import Pipelines
public import Primitives
import Tensors
public import Transformers
import Wire

/// Why a prompt got no answer.
public enum AnswerError: Error, Hashable, Sendable {
    case generation(GenerationError)
    case request(RequestEnd)
    case system(SystemError)
    /// The prompter ended it before anything was shown.
    case cancelled
}

/// An answer over a chain of stages: the ends are computed here, the layers elsewhere.
public struct MeshAnswer: ~Copyable {
    private let model: TextModel
    private var generation: Generation
    private let drafter: (any Drafter)?
    private var writer: AnswerWriter
    private var answer: Answer
    private var scratch: EndsScratch
    private var hidden: FloatBuffer
    private var ticket: Ticket?
    private let patience: Interval
    /// Positions that the chain's caches are made for.
    private var openedPositionCount = 0
    /// Rows that are on their way, oldest first, with the time they left, and with the time from
    /// which on they were guessed.
    private var underWay: [(rows: Generation.Rows, sentAt: Instant, begunAt: Instant)] = []
    /// Rows that the chain had no room for yet.
    private var waiting: Generation.Rows?
    private var startedAt = Instant.origin
    private var firstAt: Instant?
    private let pace: Interval
    /// While the reader is busy with the last token, no rows leave before `nextAt`.
    private var nextAt = Instant.origin
    private var isResting = false

    /// - Parameters:
    ///   - patience: how long to wait for layers that nobody holds, each time they are missing.
    ///   - pace: the time between a token and the rows that follow it: a reader who takes no more.
    public init(
        _ model: TextModel, promptIDs: [Int], settings: GenerationSettings,
        draftedBy drafter: (any Drafter)? = PromptLookup(), patience: Interval,
        pace: Interval = .zero, tell: @escaping (String) -> Void
    ) throws(AnswerError) {
        var settings = settings
        let rowLimit = Step.rowCountMaximum(hiddenSize: model.shape.hiddenSize)
        settings.prefillRowCount = min(
            settings.prefillRowCount, Limits.promptStepRowCount, rowLimit)
        settings.lastStepRowCount = Limits.promptLastStepRowCount
        settings.draftCountMaximum = min(settings.draftCountMaximum, rowLimit - 1)
        do {
            generation = try Generation(
                promptIDs: promptIDs, settings: settings,
                vocabularySize: model.shape.vocabularySize,
                contextLength: min(model.shape.contextLength, Limits.cachePositionCount),
                originalContextLength: model.shape.numbers.originalContextLength)
        } catch {
            throw .generation(error)
        }
        self.model = model
        writer = AnswerWriter(
            model, promptIDs: promptIDs, stopStrings: settings.stopStrings, tell: tell)
        answer = Answer(
            promptIDs: promptIDs, seed: settings.sampling.seed, model: model.manifest)
        self.drafter = drafter
        self.patience = patience
        self.pace = pace
        let yieldingCount = 1 + settings.draftCountMaximum
        scratch = EndsScratch(shape: model.shape, rowCountMaximum: yieldingCount)
        hidden = FloatBuffer(
            count: max(settings.prefillRowCount, yieldingCount) * model.shape.hiddenSize)
    }

    /// Runs the request to its end.
    ///
    /// - Parameter watch: gets what the node says meanwhile, and the chain once it is open.
    public consuming func run(
        on loop: inout NodeLoop, watch: (NodeEffect) -> Void
    ) throws(AnswerError) -> Answer {
        startedAt = SystemClock.now()
        open(&loop)
        while generation.finishReason == nil {
            for effect in try turn(&loop, isResting ? nextAt : .never) {
                watch(effect)
                try handle(effect, &loop)
            }
            if isResting, generation.finishReason == nil { sendRows(&loop) }
            if loop.isSignalled, generation.finishReason == nil {
                if let ticket {
                    loop.with { node, now, outbox in
                        node.cancelRequest(ticket, at: now, into: &outbox)
                    }
                }
                guard firstAt != nil else { throw .cancelled }
                answer.finish = .cancelled
                break
            }
        }
        return try finish(&loop)
    }

    /// Asks for a chain, in the place of the one there may be.
    private mutating func open(_ loop: inout NodeLoop) {
        let (digest, old, patience) = (model.manifest.digest, ticket, patience)
        let limit = generation.cachePositionCount
        openedPositionCount = limit
        ticket = loop.with { node, now, outbox in
            if let old { node.closeRequest(old, at: now, into: &outbox) }
            return node.openRequest(
                model: digest, positionLimit: limit, patience: patience, at: now, into: &outbox)
        }
    }

    private func turn(_ loop: inout NodeLoop, _ limit: Instant) throws(AnswerError) -> [NodeEffect]
    {
        do { return try loop.turn(until: limit) } catch { throw .system(error) }
    }

    private mutating func handle(
        _ effect: NodeEffect, _ loop: inout NodeLoop
    ) throws(AnswerError) {
        switch effect {
        case .requestOpened(ticket, let seats):
            answer.chain = seats
            sendRows(&loop)
        case .requestMended(ticket, let seats):
            answer.chain = seats
            answer.stats.mendCount += 1
        case .requestRewound(ticket):
            // Nothing of what was under way comes back: the chain begins anew, the text goes on.
            underWay = []
            waiting = nil
            generation.rewind()
            sendRows(&loop)
        case .stepDone(ticket, let step):
            receive(step, on: loop.engine)
            guard generation.finishReason == nil else { break }
            guard generation.cachePositionCount == openedPositionCount else {
                // The text has outgrown its caches: all of it goes through new ones.
                generation.rewind()
                return open(&loop)
            }
            sendRows(&loop)
        case .requestFailed(ticket, let end): throw .request(end)
        default: break
        }
    }

    /// Sends as many rows as there are and the chain takes: a long prompt fills it with steps.
    private mutating func sendRows(_ loop: inout NodeLoop) {
        guard let ticket else { return }
        var begunAt = SystemClock.now()
        isResting = begunAt < nextAt
        if isResting { return }
        while let rows = waiting ?? generation.nextRows(draftedBy: drafter) {
            waiting = nil
            let ids = generation.ids(of: rows)
            model.ends.embed(ids[...], into: &hidden, kernels: loop.engine.kernels)
            let bytes = hidden.littleEndianBytes(numberCount: ids.count * model.shape.hiddenSize)
            let isSent = loop.with { node, now, outbox in
                node.step(
                    ticket, position: rows.start, rowCount: ids.count,
                    resultCount: rows.yieldingRowCount, rows: bytes,
                    // Stages that kept an earlier turn of a chat have these.
                    mayBeKept: rows.start + ids.count <= generation.promptCount, at: now,
                    into: &outbox)
            }
            guard isSent else {
                waiting = rows
                return
            }
            let sentAt = SystemClock.now()
            underWay.append((rows, sentAt, begunAt))
            begunAt = sentAt
        }
    }

    private mutating func receive(_ step: Step, on engine: StageEngine) {
        precondition(!underWay.isEmpty, "steps come back in the order in which they left")
        let (rows, sentAt, begunAt) = underWay.removeFirst()
        let now = SystemClock.now()
        guard rows.yieldsToken else {
            generation.accept(rows)
            return
        }
        if firstAt != nil {
            answer.stats.chainMicroseconds += now.since(sentAt).microseconds
            answer.stats.computeMicroseconds += step.stageMicroseconds.reduce(0) { $0 + UInt64($1) }
        }
        let count = rows.yieldingRowCount * model.shape.hiddenSize
        hidden.write(littleEndian: step.rows[...])
        hidden.withSpan { span in
            generation.accept(
                rows, lastRows: span.extracting(0..<count),
                microseconds: now.since(begunAt).microseconds, ends: model.ends, scratch: &scratch,
                kernels: engine.kernels, crew: SerialCrew()
            ) { id in
                let tokenAt = SystemClock.now()
                firstAt = firstAt ?? tokenAt
                nextAt = tokenAt + pace
                answer.stats.tokenMicroseconds.append(tokenAt.since(startedAt).microseconds)
                return writer.append(id)
            }
        }
    }

    /// Closes the request, and gives the stages a moment for their accounts.
    private consuming func finish(
        _ loop: inout NodeLoop
    ) throws(AnswerError) -> Answer {
        writer.finish()
        let end = SystemClock.now()
        let isCancelled = answer.finish == .cancelled
        answer.take(generation, writer)
        if isCancelled { answer.finish = .cancelled }
        answer.stats.firstTokenMicroseconds = (firstAt ?? end).since(startedAt).microseconds
        answer.stats.decodeMicroseconds = end.since(firstAt ?? end).microseconds
        answer.stats.decodedTokenCount = max(0, generation.answerIDs.count - 1)
        guard let ticket else { return answer }
        loop.with { node, now, outbox in node.closeRequest(ticket, at: now, into: &outbox) }
        let patience = SystemClock.now() + Limits.accountPatience
        while answer.stats.accountCount < answer.chain.count, SystemClock.now() < patience {
            for effect in try turn(&loop, patience) {
                if case .accountArrived(ticket, _) = effect { answer.stats.accountCount += 1 }
            }
        }
        return answer
    }
}
