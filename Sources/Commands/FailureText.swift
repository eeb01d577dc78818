import MeshNode
import Pipelines
import Primitives

/// Why a request ended, in one sentence for whoever asked.
enum FailureText {
    static func sentence(for end: RequestEnd, model: String) -> String {
        switch end {
        case .layersMissing(let missing):
            let layers = missing.map(\.description).joined(separator: ", ")
            return "Nobody within reach holds layers \(layers) of \(model): start a node with "
                + "--model \(model), or wait longer with --wait SECONDS."
        case .unknownModel: return "The manifest of \(model) is not here: look for it first."
        case .tooMany: return "This node serves as many requests as it takes: try again."
        case .failed(let failure): return sentence(for: failure)
        }
    }

    static func sentence(for failure: RequestFailure) -> String {
        switch failure {
        case .stageLost(let loss): sentence(for: loss)
        case .abandoned: "The answer was given up: nothing was asked of its stages for too long."
        }
    }

    /// A stage that was lost, and for which nobody was found.
    private static func sentence(for loss: StageLoss) -> String {
        let part = "node \(loss.node.short) (layers \(loss.layers))"
        return switch loss.cause {
        case .refused(let reason): "Nobody took the part of \(part): \(words(reason)). Ask again."
        case .failed(let reason): "The answer broke off at \(part): \(words(reason)). Ask again."
        case .unreachable: "The answer broke off: \(part) can't be reached. Ask again."
        case .silent: "The answer broke off: \(part) does not answer. Ask again."
        case .stuck: "The answer broke off: \(part) gets on with nothing. Ask again."
        case .givenUp: "The answer broke off: the chain could not be made anew. Ask again."
        }
    }

    private static func words(_ reason: RefusalReason) -> String {
        switch reason {
        case .layersNotHeld: "it does not hold them any more"
        case .busy: "it is busy"
        case .memory: "its memory for requests is full"
        case .badOffer: "it could not make sense of the offer"
        case .leaving: "it is leaving"
        case .nextUnreachable: "the stage before it can't reach it"
        case .computeFailed: "it could not compute them"
        case .unknownRequest: "it knows nothing of the request"
        case .rowsNotKept: "it keeps too little of what it sent"
        }
    }
}
