import Foundation

/// What a core's objects may not ask of the linker: the machine.
private let bannedSymbols = [
    Rule("15ContinuousClock|15SuspendingClock", "a clock"),
    symbols("a clock", "clock_gettime gettimeofday time clock"),
    Rule("swift_stdlib_random|27SystemRandomNumber|randombytes", "entropy"),
    symbols("entropy", "getrandom random rand arc4random arc4random_buf"),
    Rule("^swift_(task|continuation|asyncLet|job)_|ScE|_Concurrency", "a task"),
    symbols(
        "a socket",
        "socket bind connect send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg poll"),
    symbols(
        "a file",
        "open open64 openat read pread pread64 write pwrite pwrite64 close fopen fopen64 fread "
            + "fwrite mmap mmap64 munmap"),
    symbols("the environment", "getenv secure_getenv"),
    Rule("^(pthread|sem|dispatch|thrd|mtx)_|^syscall$", "a thread"),
    Rule("10Foundation|20FoundationEssentials", "Foundation"),
    Rule(#"^\$ss5print_9separator"#, "the standard output"),
    symbols("the standard output", "puts printf"),
    // CLinux, however it came to be linked.
    Rule(
        "^bored_(monotonic|wall|entropy|udp|local|resolve|interfaces|event|poll|signals|thread|"
            + "gate|memory)",
        "the machine"),
]

/// A rule for whole symbols.
private func symbols(_ reason: String, _ names: String) -> Rule {
    Rule("^(" + names.split(separator: " ").joined(separator: "|") + ")$", reason)
}

/// Reads the undefined symbols of each core's objects in the folder of a release build.
func checkPurity(_ folder: String) -> [Finding] {
    var findings: [Finding] = []
    let tool = ["/usr/bin/nm", "/usr/bin/llvm-nm"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    guard let tool else {
        return [Finding(path: folder, line: 1, message: "nm is missing: install binutils")]
    }
    var objectCount = 0
    for room in cores.sorted() {
        let build = "\(folder)/\(room).build"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: build)) ?? []
        let objects = names.filter { $0.hasSuffix(".o") }.sorted()
        objectCount += objects.count
        for object in objects {
            let path = build + "/" + object
            for line in run(tool, ["-u", path]).split(separator: "\n") {
                let symbol = String(line.split(separator: " ").last ?? "")
                findings += judge(symbol).map { Finding(path: path, line: 1, message: $0) }
            }
        }
    }
    if objectCount == 0 {
        findings.append(Finding(path: folder, line: 1, message: "no objects: make a release build"))
    }
    return findings
}

private func judge(_ symbol: String) -> [String] {
    // `open@GLIBC_2.2.5` is `open`.
    let name = String(symbol.prefix { $0 != "@" })
    return bannedSymbols.compactMap { rule in
        rule.violation(in: name).map { _ in "the core asks for \(rule.reason): \(name)" }
    }
}
