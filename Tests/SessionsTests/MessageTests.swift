import Primitives
import Sessions
import Testing

struct MessageTests {
    @Test func `two strangers shake hands and both hear of it once`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        #expect(a.established == [b.id])
        #expect(b.established == [a.id])
        #expect(a.observed == [a.address])
        world.run(for: .seconds(1))
        #expect(b.observed == [b.address])
        #expect(a.core.roundTrip(to: b.id).map { $0 >= .milliseconds(10) } == true)
        #expect(a.core.record(of: b.id) == b.record)
        #expect(b.core.record(of: a.id) == a.record)
        #expect(a.core.address(of: b.id) == b.address)
        #expect(a.core.establishedPeers == [b.id])
    }

    @Test(arguments: [1, 63, 1_100, 1_152, 1_200, 65_536, Limits.messageByteCount])
    func `a message of any allowed size arrives whole`(byteCount: Int) {
        let world = World(seed: 2)
        let (a, b) = world.pair()
        let message = world.noise(byteCount)
        #expect(world.send(message, from: a, to: b, .bulk) == .accepted)
        #expect(world.run(for: .seconds(60)) { !b.messages.isEmpty })
        #expect(b.messages.map(\.bytes) == [message])
        #expect(b.messages.map(\.from) == [a.id])
    }

    @Test func `messages cross rough weather whole and exactly once`() {
        for seed in UInt64(1)...10 {
            let world = World(seed: seed)
            world.weather = Weather(
                loss: 50_000, duplication: 50_000, corruption: 20_000, delay: .milliseconds(10),
                jitter: .milliseconds(10))
            let (a, b) = (world.add(1), world.add(2))
            world.connect(a, to: b)
            var sent: [[UInt8]] = []
            for index in 0..<60 {
                let size = [20, 300, 5_000, 70_000][index % 4]
                let message = [UInt8(index)] + world.noise(size)
                sent.append(message)
                let verdict = world.send(message, from: a, to: b, Priority.allCases[index % 3])
                #expect(verdict == .accepted)
            }
            let arrived = world.run(for: .seconds(120)) { b.messages.count == 60 }
            #expect(arrived, "seed \(seed): \(b.messages.count) of 60")
            world.run(for: .seconds(5))
            let got = b.messages.map(\.bytes).sorted { $0[0] < $1[0] }
            #expect(got == sent, "seed \(seed)")
            #expect(a.closed.isEmpty && b.closed.isEmpty)
        }
    }
}
