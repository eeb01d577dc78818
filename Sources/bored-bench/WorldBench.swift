import Glibc
import Primitives
import Runtime
import Simulation

/// What a simulated world costs: processor time, memory, and, as `bored simulate` has it, its
/// verdict and digest.
enum WorldBench {
    static func run(nodeCount: Int, seeds: ClosedRange<UInt64>, roughFor: Interval) -> Int32 {
        var convergedCount = 0
        for seed in seeds {
            var settings = WorldSettings(nodeCount: nodeCount, seed: seed)
            settings.roughFor = roughFor
            let before = usage()
            let world = World(settings).run()
            let after = usage()
            if world.verdict == .converged { convergedCount += 1 }
            report(
                "world of \(nodeCount) nodes, seed \(seed), \(rounded(world.virtualSeconds)) s",
                "\(world.verdict) \(rounded(world.healSeconds)) s after the heal, digest "
                    + "\(String(world.digest, radix: 16)), \(world.eventCount) events, "
                    + "\(world.crashCount) crashes, \(world.partitionCount) partitions, "
                    + "\(rounded(after.seconds - before.seconds)) s of processor time, "
                    + "\(after.kibibytes / 1_024) MiB at most")
        }
        report("converged", "\(convergedCount) of \(seeds.count)")
        return convergedCount == seeds.count ? 0 : 2
    }

    /// Processor time of this process, and the most memory that it ever had.
    private static func usage() -> (seconds: Double, kibibytes: Int) {
        var usage = rusage()
        // The structure lives for the length of the call.
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let (user, system) = (usage.ru_utime, usage.ru_stime)
        let micros = Double(user.tv_usec + system.tv_usec)
        return (Double(user.tv_sec + system.tv_sec) + micros / 1e6, usage.ru_maxrss)
    }
}
