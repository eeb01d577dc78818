import Pipelines
import Primitives
import Runtime
import Testing

@Suite struct `memory of requests` {
    private let id = request(1)

    @Test func `is freed once, and only where it was opened`() {
        var caches = OpenedCaches()
        var closed = [caches.close(id)]
        caches.ask(id)
        caches.answer(id, isOpen: true)
        closed += [caches.close(request(2)), caches.close(id), caches.close(id)]
        #expect(closed == [false, false, true, false])
        // It may be closed before it is open.
        caches.ask(id)
        closed = [caches.close(id)]
        caches.answer(id, isOpen: true)
        closed.append(caches.close(id))
        #expect(closed == [true, false] && caches.count == 0)
    }

    @Test func `is not remembered where it was refused`() {
        var caches = OpenedCaches()
        for number in 0..<1_000 {
            caches.ask(request(UInt64(number)))
            caches.answer(request(UInt64(number)), isOpen: false)
        }
        #expect(caches.count == 0)
    }

    @Test func `of a request that is opened again outlives the first one's refusal`() {
        var caches = OpenedCaches()
        caches.ask(id)
        var closed = [caches.close(id)]
        caches.ask(id)
        caches.answer(id, isOpen: false)
        caches.answer(id, isOpen: true)
        closed.append(caches.close(id))
        #expect(closed == [true, true] && caches.count == 0)
    }
}
