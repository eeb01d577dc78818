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
        case .refused(let node, let layers, let reason):
            "Node \(node.short) did not take layers \(layers): \(words(reason))."
        case .stageFailed(let node, let layers, let reason):
            "The answer broke off at node \(node.short) (layers \(layers)): \(words(reason))."
        case .stageLost(let node, let layers):
            "The answer broke off: node \(node.short) (layers \(layers)) is gone. Ask again."
        case .openTimeout(let nodes):
            "No answer from \(nodes.map(\.short).joined(separator: ", ")): ask again."
        case .stepTimeout: "The answer broke off: the chain went silent. Ask again."
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
        }
    }
}
