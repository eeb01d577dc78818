import Identity
import MeshNode
import Primitives
import Runtime
import Wire

/// What an observer saw: nodes, and for each model how many hold each layer.
struct HealthReport {
    struct NodeLine {
        var state: NodeState
        var region: String
        var roundTrip: Interval?
    }

    struct ModelLine {
        var digest: Digest
        var name: String
        /// Holders that are ready, by layer.
        var holderCounts: [Int]

        var missing: [Int] { holderCounts.indices.filter { holderCounts[$0] == 0 } }
        var atRisk: [Int] { holderCounts.indices.filter { holderCounts[$0] < 2 } }
    }

    private(set) var nodes: [NodeLine] = []
    private(set) var models: [ModelLine] = []
    let nodeCountEstimate: Int

    /// - Parameter states: who is counted; what `node` knows of its neighbourhood otherwise.
    init(_ node: borrowing Node, states: [SignedState]? = nil) {
        let states = states ?? node.knownStates
        nodeCountEstimate = max(node.nodeCountEstimate, states.count)
        var counts = OrderedTable<Digest, [Int]>()
        for holding in states.flatMap(\.state.holdings) where counts[holding.model] == nil {
            let layerCount =
                node.manifest(holding.model)?.manifest.layerCount
                ?? Self.layerCount(of: holding.model, in: states)
            counts[holding.model] = Array(repeating: 0, count: layerCount)
        }
        for signed in states {
            let state = signed.state
            nodes.append(
                NodeLine(
                    state: state, region: signed.record.region,
                    roundTrip: node.roundTrip(to: state.id)))
            for holding in state.holdings {
                guard var known = counts[holding.model] else { continue }
                // A liar's layers may lie beyond the model's.
                for layer in holding.layers.range where layer < known.count && state.isWorking {
                    known[layer] += 1
                }
                counts[holding.model] = known
            }
        }
        for (digest, known) in zip(counts.keys, counts.values) {
            let name = node.manifest(digest)?.manifest.name ?? digest.short
            models.append(ModelLine(digest: digest, name: name, holderCounts: known))
        }
    }

    /// How many layers a model has of which nobody here knows the manifest: what most say.
    private static func layerCount(of model: Digest, in states: [SignedState]) -> Int {
        let claims = states.flatMap(\.state.holdings).filter { $0.model == model }.map(\.layerCount)
        var (best, bestCount) = (0, 0)
        for claim in Set(claims).sorted() {
            let count = claims.count { $0 == claim }
            if count > bestCount { (best, bestCount) = (claim, count) }
        }
        return best
    }

    /// Whether every model that anybody has can be run.
    var isComplete: Bool { models.allSatisfy { $0.missing.isEmpty } }
    var idleCount: Int { nodes.count { $0.state.isWorking } }

    // MARK: for people

    var table: String {
        var lines = ["\(nodes.count) nodes seen, \(idleCount) idle"]
        if nodeCountEstimate > nodes.count {
            lines[0] += ", about \(nodeCountEstimate) in the swarm"
        }
        lines.append("")
        lines += columns(
            [["node", "presence", "layers", "requests", "memory", "us/layer", "round trip"]]
                + nodes.map(row))
        for model in models { lines += ["", describe(model)] }
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ line: NodeLine) -> [String] {
        let state = line.state
        let ready = state.holdings.filter { !$0.layers.isEmpty }.map { name($0) }
        let coming = state.pending.filter { !$0.layers.isEmpty }.map { name($0) + " coming" }
        let layers = (ready + coming).joined(separator: ", ")
        let used = size(UInt64(state.memoryUsedMebibytes) << 20)
        return [
            state.id.short + (line.region.isEmpty ? "" : " " + line.region),
            state.presence.word, layers.isEmpty ? "-" : layers, "\(state.activeRequestCount)",
            "\(used) of \(size(UInt64(state.memoryMebibytes) << 20))",
            state.layerMicroseconds == 0 ? "-" : "\(state.layerMicroseconds)",
            line.roundTrip.map { decimal($0.seconds * 1_000, 2) + " ms" } ?? "-",
        ]
    }

    private func name(_ holding: Holding) -> String {
        let model = models.first { $0.digest == holding.model }?.name ?? holding.model.short
        return "\(model) \(holding.layers)"
    }

    private func describe(_ model: ModelLine) -> String {
        let counts = model.holderCounts.map(String.init).joined(separator: " ")
        var text = "\(model.name) (\(model.digest.short)): holders of each layer \(counts)"
        if !model.missing.isEmpty {
            text += "\n  MISSING layers \(list(model.missing)): no prompt can be answered"
        } else if !model.atRisk.isEmpty {
            text += "\n  complete; at risk with one holder: layers \(list(model.atRisk))"
        } else {
            text += "\n  complete"
        }
        return text
    }

    private func list(_ layers: [Int]) -> String {
        layers.map(String.init).joined(separator: ", ")
    }

    // MARK: for programs

    var json: JSONLine {
        var line = JSONLine()
        line.add("nodeCount", nodes.count)
        line.add("idleCount", idleCount)
        line.add("nodeCountEstimate", nodeCountEstimate)
        line.add("complete", isComplete)
        line.add("nodes", nodes.map(json))
        line.add(
            "models",
            models.map { model in
                var object = JSONLine()
                object.add("name", model.name)
                object.add("digest", model.digest.description)
                object.add("holders", model.holderCounts)
                object.add("missing", model.missing)
                object.add("atRisk", model.atRisk)
                return object
            })
        return line
    }

    private func json(_ node: NodeLine) -> JSONLine {
        var line = JSONLine()
        let state = node.state
        line.add("id", state.id.description)
        line.add("presence", state.presence.word)
        line.add("region", node.region)
        line.add("requests", state.activeRequestCount)
        line.add("memoryMebibytes", state.memoryMebibytes)
        line.add("memoryUsedMebibytes", state.memoryUsedMebibytes)
        line.add("layerMicroseconds", state.layerMicroseconds)
        if let time = node.roundTrip { line.add("roundTripMilliseconds", time.seconds * 1_000) }
        line.add(
            "holdings",
            state.holdings.filter { !$0.layers.isEmpty }.map { holding in
                var object = JSONLine()
                object.add("model", holding.model.description)
                object.add("layers", [holding.layers.lower, holding.layers.upper])
                return object
            })
        return line
    }
}

extension NodeState {
    var isWorking: Bool { presence == .idle }
}

/// Rows in aligned columns, two spaces between.
func columns(_ rows: [[String]]) -> [String] {
    guard let first = rows.first else { return [] }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        var line = ""
        for (column, text) in row.enumerated() {
            line += text
            if column < row.count - 1 {
                line += String(repeating: " ", count: widths[column] - text.count + 2)
            }
        }
        return line
    }
}
