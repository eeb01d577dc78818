import Glibc
import Runtime
import Testing

struct MachineMemoryTests {
    private let machine = FakeMachine()

    private var allowed: UInt64? { MachineMemory.allowedByteCount(root: machine.root) }

    @Test func `a machine without control groups allows all it has`() {
        #expect(allowed == nil)
        machine.write("0::/\n", to: "proc/self/cgroup")
        #expect(allowed == nil)
        machine.write("max\n", to: "sys/fs/cgroup/memory.max")
        #expect(allowed == nil)
        let pages = UInt64(sysconf(Int32(_SC_PHYS_PAGES)))
        let whole = pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        #expect((1...whole).contains(MachineMemory.byteCount))
    }

    @Test func `the least of a group's limits and of those above it counts`() {
        machine.write("0::/mesh.slice/node.service\n", to: "proc/self/cgroup")
        let folder = "sys/fs/cgroup/mesh.slice"
        machine.write("3000000000\n", to: folder + "/memory.max")
        #expect(allowed == 3_000_000_000)
        machine.write("max\n", to: folder + "/node.service/memory.max")
        machine.write("2000000000\n", to: folder + "/node.service/memory.high")
        #expect(allowed == 2_000_000_000)
        machine.write("1000000000\n", to: "sys/fs/cgroup/memory.max")
        #expect(allowed == 1_000_000_000)
    }

    @Test func `a container of the first version sees its machine's path, and its own limit`() {
        machine.write(
            "11:cpu,cpuacct:/docker/ab12\n4:memory:/docker/ab12\n1:name=systemd:/x:y\n",
            to: "proc/self/cgroup")
        machine.write("9223372036854771712\n", to: "sys/fs/cgroup/memory/memory.limit_in_bytes")
        #expect(allowed == 9_223_372_036_854_771_712)
        machine.write("536870912\n", to: "sys/fs/cgroup/memory/memory.limit_in_bytes")
        #expect(allowed == 536_870_912)
    }

    @Test func `files that say something else limit nothing`() {
        machine.write("\n::\n0\nmemory\n0::/a\n", to: "proc/self/cgroup")
        machine.write("-1\n", to: "sys/fs/cgroup/memory.max")
        machine.write("lots", to: "sys/fs/cgroup/a/memory.max")
        #expect(allowed == nil)
    }
}
