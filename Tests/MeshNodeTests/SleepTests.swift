import Identity
import MeshNode
import Pipelines
import Primitives
import Testing
import Wire

/// Lids that are closed, containers that are paused, clocks that jump.
@Suite struct SleepTests {
    /// Three nodes that hold every layer, and an entry that holds none.
    private func village(_ pipe: Pipe) -> (Peer, [Peer]) {
        let first = pipe.add(1, layers: 4)
        let others = [UInt8(2), 3].map { pipe.add($0, meeting: [first.address], layers: 4) }
        let entry = pipe.add(20, meeting: [first.address])
        let isReady = pipe.run(for: .seconds(20)) {
            ([first] + others).allSatisfy { $0.loaded(pipe.digest) != nil && entry.knows($0) }
        }
        #expect(isReady)
        return (entry, [first] + others)
    }

    /// The peer is seen again, holds layers, and takes part in a right answer where it is the only
    /// one that may.
    private func expectBack(_ peer: Peer, _ others: [Peer], _ entry: Peer, _ pipe: Pipe) {
        let isBack = pipe.run(for: .seconds(15)) {
            entry.knows(peer) && peer.knows(entry) && peer.loaded(pipe.digest) != nil
                && others.allSatisfy { $0.knows(peer) && peer.knows($0) }
        }
        #expect(isBack)
        for other in others { pipe.with(other) { $0.leave(at: pipe.now, into: &$1) } }
        pipe.run(for: .seconds(1))
        let ticket = pipe.open(entry, patience: .seconds(10))
        #expect(pipe.run(for: .seconds(10)) { entry.opened[ticket] != nil })
        #expect(entry.opened[ticket]?.map(\.node) == [peer.id])
        let rows = (0..<16).map { UInt8($0) }
        pipe.with(entry) {
            _ = $0.step(
                ticket, position: 0, rowCount: 1, resultCount: 1, rows: rows, at: pipe.now,
                into: &$1)
        }
        #expect(pipe.run(for: .seconds(2)) { !entry.done.isEmpty })
        #expect(entry.done.first?.rows == Pipe.run(LayerRange(0, 4), rows))
    }

    @Test(arguments: [30, 3_600])
    func `a node that slept reads old datagrams, and is back`(seconds: Int) {
        let pipe = Pipe()
        let (entry, holders) = village(pipe)
        let sleeper = holders[2]
        pipe.sleep(sleeper)
        pipe.run(for: .seconds(seconds))
        #expect(!entry.knows(sleeper), "no ghost is left")
        pipe.wake(sleeper)
        expectBack(sleeper, Array(holders.prefix(2)), entry, pipe)
    }

    @Test(arguments: [60, 3_600, 86_400])
    func `a clock that jumps ahead costs a node a moment at most`(seconds: Int) {
        let pipe = Pipe()
        let (entry, holders) = village(pipe)
        pipe.moveClock(of: holders[2], ahead: .seconds(seconds))
        pipe.run(for: .seconds(5))
        expectBack(holders[2], Array(holders.prefix(2)), entry, pipe)
    }
}
