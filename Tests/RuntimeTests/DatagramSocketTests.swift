import Primitives
import Runtime
import Testing

private let loopback = PeerAddress(127, 0, 0, 1, port: 0)

/// Receives until `count` datagrams came or two seconds passed.
private func gather(_ count: Int, from socket: inout DatagramSocket) throws -> [[UInt8]] {
    let deadline = SystemClock.now() + .seconds(2)
    var datagrams: [[UInt8]] = []
    let loop = try EventLoop(socket)
    while datagrams.count < count, SystemClock.now() < deadline {
        _ = try loop.wait(until: deadline)
        try socket.receive { bytes, _ in datagrams.append(bytes.indices.map { bytes[$0] }) }
    }
    return datagrams
}

@Suite(.serialized) struct DatagramSocketTests {
    @Test func `two hundred datagrams arrive whole and in order, in batches`() throws {
        var sender = try DatagramSocket(binding: loopback)
        var receiver = try DatagramSocket(binding: loopback)
        #expect(receiver.address.port != 0)
        var outbox = Outbox()
        for index in 0..<200 {
            let bytes = [UInt8](repeating: UInt8(index), count: index % 2 == 0 ? 1 : 1_200)
            outbox.append(bytes, to: receiver.address)
        }
        sender.send(&outbox)
        #expect(outbox.count == 0)
        let datagrams = try gather(200, from: &receiver)
        try #require(datagrams.count == 200)
        for index in 0..<200 {
            let size = index % 2 == 0 ? 1 : 1_200
            #expect(datagrams[index] == [UInt8](repeating: UInt8(index), count: size))
        }
        #expect(sender.counters.sent == 200)
        #expect(receiver.counters.receivedByteCount == 100 + 100 * 1_200)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `datagrams of any sizes to several peers arrive whole and in order`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var sender = try DatagramSocket(binding: loopback)
        var first = try DatagramSocket(binding: loopback)
        var second = try DatagramSocket(binding: loopback)
        for _ in 0..<6 {
            var outbox = Outbox()
            var expected: [[[UInt8]]] = [[], []]
            var size = 1_200
            for _ in 0..<1 + random.below(250) {
                // Long runs of one size, as sessions make them, short ends, and nothing at all.
                if random.below(12) == 0 { size = random.below(1_201) }
                let peer = random.below(8) == 0 ? 1 : 0
                let length = random.below(9) == 0 ? random.below(size + 1) : size
                let bytes = (0..<length).map { _ in UInt8(random.below(256)) }
                outbox.append(bytes, to: peer == 0 ? first.address : second.address)
                expected[peer].append(bytes)
            }
            sender.send(&outbox)
            #expect(try gather(expected[0].count, from: &first) == expected[0])
            #expect(try gather(expected[1].count, from: &second) == expected[1])
        }
        #expect(sender.counters.blocked == 0 && first.counters.oversized == 0)
    }

    @Test func `a batch gives no more datagrams than it says, and holds the rest`() throws {
        var sender = try DatagramSocket(binding: loopback)
        var receiver = try DatagramSocket(binding: loopback)
        var outbox = Outbox()
        for _ in 0..<200 { outbox.append([1, 2, 3], to: receiver.address) }
        sender.send(&outbox)
        let loop = try EventLoop(receiver)
        _ = try loop.wait(until: SystemClock.now() + .seconds(2))
        var count = 0
        while count < 200 {
            var batchCount = 0
            try receiver.receive { bytes, _ in
                #expect(bytes.count == 3)
                batchCount += 1
            }
            #expect(batchCount <= Limits.datagramBatchCount)
            count += batchCount
            if batchCount == 0 { _ = try loop.wait(until: SystemClock.now() + .seconds(2)) }
        }
        #expect(count == 200 && !receiver.isHolding)
    }

    @Test func `a socket says where a datagram came from`() throws {
        var sender = try DatagramSocket(binding: loopback)
        var receiver = try DatagramSocket(binding: loopback)
        sender.send([1, 2, 3], to: receiver.address)
        let loop = try EventLoop(receiver)
        _ = try loop.wait(until: SystemClock.now() + .seconds(2))
        var source: PeerAddress?
        // While something came, more may have come behind it.
        let isMore = try receiver.receive { _, address in source = address }
        let isMoreThen = try receiver.receive { _, _ in }
        #expect(source == sender.address && isMore && !isMoreThen)
    }

    @Test func `what cannot be reached is counted and stops nothing behind it`() throws {
        var sender = try DatagramSocket(binding: loopback)
        var receiver = try DatagramSocket(binding: loopback)
        var outbox = Outbox()
        let foreign = try #require(PeerAddress("[2001:db8:0:0:0:0:0:1]:9"))
        outbox.append([1], to: receiver.address)
        outbox.append([2], to: foreign)
        outbox.append([3], to: receiver.address)
        sender.send(&outbox)
        #expect(try gather(2, from: &receiver) == [[1], [3]])
        #expect(sender.counters.unreachable == 1)
        #expect(sender.counters.sent == 2)
    }

    @Test func `a group that cannot be sent costs others nothing`() throws {
        var sender = try DatagramSocket(binding: loopback)
        var receiver = try DatagramSocket(binding: loopback)
        var groupedCounts: [UInt64] = []
        for _ in 0..<2 {
            var outbox = Outbox()
            for index in 0..<40 { outbox.append([UInt8(index), 0], to: receiver.address) }
            sender.send(&outbox)
            #expect(try gather(40, from: &receiver) == (0..<40).map { [UInt8($0), 0] })
            groupedCounts.append(receiver.counters.receivedInGroups)
            // Nobody can be reached at port 0.
            for _ in 0..<10 { outbox.append([1, 1], to: loopback) }
            for index in 0..<10 { outbox.append([UInt8(index), 2], to: receiver.address) }
            sender.send(&outbox)
            #expect(try gather(10, from: &receiver) == (0..<10).map { [UInt8($0), 2] })
            groupedCounts.append(receiver.counters.receivedInGroups)
        }
        #expect(sender.counters.unreachable == 20 && sender.counters.sent == 100)
        // The batch with the bad target went one by one; the next one is a group again.
        #expect(groupedCounts[1] == groupedCounts[0])
        #expect(groupedCounts[2] == 2 * groupedCounts[0])
        if groupedCounts[0] == 0 { print("skipped in part: this kernel sends no groups") }
    }

    @Test func `nobody at the port is no error`() throws {
        var sender = try DatagramSocket(binding: loopback)
        var port: UInt16 = 0
        do {
            let closed = try DatagramSocket(binding: loopback)
            port = closed.address.port
        }
        for _ in 0..<3 { sender.send([1], to: PeerAddress(127, 0, 0, 1, port: port)) }
        var count = 0
        #expect(try !sender.receive { _, _ in count += 1 })
        #expect(count == 0)
    }

    @Test func `a socket on every address of both families carries IPv4`() throws {
        let everywhere = try #require(PeerAddress("[::]:0"))
        guard var receiver = try? DatagramSocket(binding: everywhere) else {
            print("skipped: this machine has no IPv6")
            return
        }
        var sender = try DatagramSocket(binding: loopback)
        sender.send([7], to: PeerAddress(127, 0, 0, 1, port: receiver.address.port))
        #expect(try gather(1, from: &receiver) == [[7]])
    }

    @Test func `an address that is not this machine's is refused in one sentence`() throws {
        #expect {
            _ = try DatagramSocket(binding: PeerAddress(192, 0, 2, 1, port: 9))
        } throws: { error in
            "\(error)" == "bind 192.0.2.1:9: Cannot assign requested address"
        }
    }

    @Test func `the loop wakes for its deadline, and for mail, and not before`() throws {
        let socket = try DatagramSocket(binding: loopback)
        let loop = try EventLoop(socket)
        let start = SystemClock.now()
        #expect(try loop.wait(until: start + .milliseconds(30)) == [])
        #expect(SystemClock.now().since(start) >= .milliseconds(30))
        let mailbox = Mailbox<Int>(capacity: 4, doorbell: loop.doorbell)
        let thread = try PlainThread(name: "postman") { mailbox.post(5) }
        #expect(try loop.wait(until: .never) == .mail)
        #expect(mailbox.next() == 5)
        thread.join()
        #expect(try loop.wait(until: SystemClock.now()) == [])
    }
}
