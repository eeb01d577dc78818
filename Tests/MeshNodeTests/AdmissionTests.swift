import MeshNode
import Pipelines
import Primitives
import Testing
import Wire

/// A stage without memory for another cache says so, and the entry asks elsewhere.
@Suite struct AdmissionTests {
    let model = PieceModel(name: "model", layerCount: 4)

    /// Holders of all layers, and an entry that holds nothing.
    private func hamlet(holderCount: Int) -> (Hamlet, entry: Int) {
        let hamlet = Hamlet([model])
        for _ in 0..<holderCount { hamlet.give(model, to: hamlet.add()) }
        let entry = hamlet.add { $0.memoryByteCount = 0 }
        hamlet.give(model, to: entry, isServed: false)
        hamlet.run(.seconds(8))
        return (hamlet, entry)
    }

    private func open(_ hamlet: Hamlet, _ entry: Int) -> Ticket? {
        var ticket: Ticket?
        let digest = model.digest
        hamlet.act(entry) { node, now, outbox in
            ticket = node.openRequest(
                model: digest, positionLimit: 64, patience: .seconds(5), at: now, into: &outbox)
        }
        hamlet.run(.seconds(20))
        return ticket
    }

    @Test func `a request goes round holders whose memory is full`() throws {
        let (hamlet, entry) = hamlet(holderCount: 3)
        hamlet.houses[0].hasCacheRoom = false
        hamlet.houses[1].hasCacheRoom = false
        for _ in 0..<4 {
            let ticket = try #require(open(hamlet, entry))
            let seats = try #require(hamlet.houses[entry].opened[ticket])
            #expect(seats.map(\.node) == [hamlet.houses[2].node.id])
        }
        #expect(hamlet.houses[2].openedCacheCount == 4)
        #expect(hamlet.houses[0].openedCacheCount + hamlet.houses[1].openedCacheCount == 0)
    }

    @Test func `where every memory is full the request ends and says so`() throws {
        let (hamlet, entry) = hamlet(holderCount: 2)
        hamlet.houses[0].hasCacheRoom = false
        hamlet.houses[1].hasCacheRoom = false
        let ticket = try #require(open(hamlet, entry))
        #expect(hamlet.houses[entry].opened[ticket] == nil)
        let end = try #require(hamlet.houses[entry].ended[ticket])
        #expect("\(end)".contains("memory"))
    }
}
