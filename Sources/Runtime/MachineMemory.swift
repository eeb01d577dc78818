import Glibc

/// Memory that this process may use.
public enum MachineMemory {
    /// What the machine has, in bytes, or what its control groups allow, where that is less: a
    /// container is ended by the kernel when it takes more.
    public static var byteCount: UInt64 {
        let pages = UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES))))
        let whole = pages * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
        return min(whole, allowedByteCount(root: "") ?? whole)
    }

    /// The least that this process's control groups and those above them allow, by the files of
    /// both versions (cgroups(7): `memory.max` and `memory.high`, `memory.limit_in_bytes`); nil
    /// where nothing is limited. `root` stands before `/proc` and `/sys`.
    public static func allowedByteCount(root: String) -> UInt64? {
        guard let text = Files.text(root + "/proc/self/cgroup") else { return nil }
        var least: UInt64?
        // `0::/of/version/two`, or `4:memory:/of/version/one`.
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1].isEmpty {
                take("", fields[2], ["memory.max", "memory.high"])
            } else if fields[1].split(separator: ",").contains("memory") {
                take("/memory", fields[2], ["memory.limit_in_bytes"])
            }
        }
        return least

        func take(_ mount: String, _ group: Substring, _ names: [String]) {
            // A container may see a path of its machine, and mounts its own group as the first.
            var folder = root + "/sys/fs/cgroup" + mount
            for step in [""] + group.split(separator: "/").map({ "/" + $0 }) {
                folder += step
                for name in names {
                    guard let limit = Files.text(folder + "/" + name).flatMap({ UInt64($0) }) else {
                        continue
                    }
                    least = min(least ?? limit, limit)
                }
            }
        }
    }
}
