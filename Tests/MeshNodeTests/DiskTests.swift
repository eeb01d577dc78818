import MeshNode
import Primitives
import Shards
import Testing
import Wire

/// Pieces on a disk that is lent in part: what makes room for what.
@Suite struct DiskTests {
    let old = PieceModel(name: "old", layerCount: 4)
    let new = PieceModel(name: "new", layerCount: 4)

    /// Providers with both models, and a taker that has fetched all layers of the old one and
    /// serves none of them.
    private func hamlet(providerCount: Int, diskPieceCount: Int) -> (Hamlet, taker: Int) {
        let hamlet = Hamlet([old, new])
        for _ in 0..<providerCount {
            let index = hamlet.add()
            hamlet.give(old, to: index)
            hamlet.give(new, to: index)
        }
        let taker = hamlet.add {
            $0.diskByteLimit = UInt64(diskPieceCount * PieceModel.pieceByteCount)
        }
        hamlet.run(.seconds(8))
        let (digest, count) = (old.digest, old.pieces.count)
        hamlet.act(taker) { node, now, outbox in
            node.findModel(.digest(digest), isServed: false, at: now, into: &outbox)
        }
        hamlet.run(.seconds(3))
        for index in 1..<count {
            hamlet.act(taker) { node, now, outbox in
                node.fetch(model: digest, pieceIndex: index, at: now, into: &outbox)
            }
        }
        hamlet.run(.seconds(5))
        return (hamlet, taker)
    }

    private func wantNew(_ hamlet: Hamlet, _ taker: Int) {
        let digest = new.digest
        hamlet.act(taker) { node, now, outbox in
            node.findModel(.digest(digest), isServed: true, at: now, into: &outbox)
        }
        hamlet.run(.seconds(12))
    }

    private func count(_ model: PieceModel, _ hamlet: Hamlet, _ index: Int) -> Int {
        model.pieces.dropFirst().count { hamlet.houses[index].disk.contains($0.root) }
    }

    @Test func `pieces that others hold make room for what is chosen`() {
        let (hamlet, taker) = hamlet(providerCount: 3, diskPieceCount: 6)
        #expect(count(old, hamlet, taker) == 4)
        wantNew(hamlet, taker)
        #expect(hamlet.houses[taker].loaded[new.digest] == LayerRange(0, 4))
        #expect(count(new, hamlet, taker) == 4)
        // No more was given up than was needed.
        #expect(count(old, hamlet, taker) == 2)
    }

    @Test
    func `the copy of a layer that only one other has stays, and the disk is said to be full`() {
        let (hamlet, taker) = hamlet(providerCount: 1, diskPieceCount: 6)
        wantNew(hamlet, taker)
        #expect(count(old, hamlet, taker) == 4)
        #expect(hamlet.houses[taker].loaded[new.digest] == nil)
        #expect(
            hamlet.houses[taker].notes.contains {
                if case .diskFull = $0 { true } else { false }
            })
    }

    @Test func `layers that can't be loaded are told of and tried again`() {
        let hamlet = Hamlet([old])
        let index = hamlet.add()
        let house = hamlet.houses[index]
        house.canLoad = false
        hamlet.give(old, to: index)
        hamlet.run(.seconds(3))
        #expect(house.notes.contains(.loadFailed(model: "old", LayerRange(0, 4))))
        #expect(house.loaded[old.digest] == nil)
        house.canLoad = true
        hamlet.run(.seconds(10))
        #expect(house.loaded[old.digest] == LayerRange(0, 4))
    }

    @Test func `what was imported by hand neither counts nor goes`() {
        let hamlet = Hamlet([old, new])
        for _ in 0..<3 {
            let index = hamlet.add()
            hamlet.give(old, to: index)
            hamlet.give(new, to: index)
        }
        let taker = hamlet.add { $0.diskByteLimit = UInt64(4 * PieceModel.pieceByteCount) }
        hamlet.give(old, to: taker, isServed: false, isKept: true)
        hamlet.run(.seconds(8))
        wantNew(hamlet, taker)
        #expect(count(old, hamlet, taker) == 4)
        #expect(count(new, hamlet, taker) == 4)
    }
}
