import Primitives
import Runtime
import Testing

struct MailboxTests {
    @Test func `a full mailbox refuses and keeps what it has`() {
        let mailbox = Mailbox<Int>(capacity: 2)
        #expect(mailbox.post(1))
        #expect(mailbox.post(2))
        #expect(!mailbox.post(3))
        #expect(mailbox.next() == 1)
        #expect(mailbox.post(4))
        #expect(mailbox.next() == 2)
        #expect(mailbox.next() == 4)
        #expect(mailbox.next() == nil)
    }

    @Test func `a closed mailbox refuses and can be emptied`() {
        let mailbox = Mailbox<Int>(capacity: 2)
        mailbox.post(1)
        mailbox.close()
        #expect(!mailbox.post(2))
        #expect(mailbox.next() == 1)
        #expect(mailbox.count == 0)
    }

    @Test func `nothing is lost between four threads and one loop`() throws {
        let socket = try DatagramSocket(binding: PeerAddress(127, 0, 0, 1, port: 0))
        let loop = try EventLoop(socket)
        let mailbox = Mailbox<Int>(capacity: 64, doorbell: loop.doorbell)
        let threads = try (0..<4).map { thread in
            try PlainThread(name: "postman") {
                for index in 0..<500 {
                    while !mailbox.post(thread * 500 + index) { PlainThread.yield() }
                }
            }
        }
        var seen: [Int] = []
        let deadline = SystemClock.now() + .seconds(20)
        while seen.count < 2_000, SystemClock.now() < deadline {
            _ = try loop.wait(until: deadline)
            while let element = mailbox.next() { seen.append(element) }
        }
        for thread in threads { thread.join() }
        #expect(seen.sorted() == Array(0..<2_000))
    }
}
