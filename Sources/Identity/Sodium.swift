internal import CSodium

/// libsodium, which wants to be started before anything else is asked of it.
///
/// Only then does it choose its fastest code for this processor: what is not started gives the same
/// bytes by plain C, and seals at half the speed.
enum Sodium {
    /// Whether it has started; whoever asks first starts it. It can't where a machine has no random
    /// numbers to give.
    static let isReady: Bool = sodium_init() >= 0
}
