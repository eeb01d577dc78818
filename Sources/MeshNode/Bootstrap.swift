internal import Primitives

/// First contacts: addresses that were given, asked again until somebody answers.
struct Bootstrap: Sendable {
    struct Contact: Sendable {
        var address: PeerAddress
        var nextTry: Instant
        var tryCount = 0
    }

    var contacts: [Contact] = []
    var random: SeededRandom
    /// Set while the node has peers: contacts are asked rarely, so that two halves of a swarm that
    /// began apart meet once a contact of one is up in the other.
    var isSatisfied = false

    init(random: SeededRandom) { self.random = random }

    var nextDeadline: Instant {
        contacts.map(\.nextTry).min() ?? .never
    }

    mutating func add(_ address: PeerAddress, at now: Instant) {
        guard !address.isUnspecified, contacts.count < Limits.bootstrapContactCount,
            !contacts.contains(where: { $0.address == address })
        else { return }
        contacts.append(Contact(address: address, nextTry: now))
    }

    /// The addresses to ask now; each is asked later and later, up to every half minute.
    mutating func due(at now: Instant) -> [PeerAddress] {
        var due: [PeerAddress] = []
        for index in contacts.indices where contacts[index].nextTry <= now {
            due.append(contacts[index].address)
            let wait = Interval.seconds(1 << min(contacts[index].tryCount, 5))
            contacts[index].tryCount += 1
            let next =
                isSatisfied
                ? Limits.bootstrapRestInterval : min(wait, Limits.bootstrapIntervalMaximum)
            contacts[index].nextTry = now + random.jittered(next)
        }
        return due
    }

    /// Begins anew after the last peer was lost.
    mutating func restart(at now: Instant) {
        guard isSatisfied else { return }
        isSatisfied = false
        for index in contacts.indices {
            contacts[index].tryCount = 0
            contacts[index].nextTry = now
        }
    }
}
