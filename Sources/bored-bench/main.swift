import Glibc
import Primitives

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case nil:
    KernelBench.run()
    SessionBench.run()
    AllocationBench.run()
    try ServingBench.run()
case "kernels": KernelBench.run()
case "threads": KernelBench.compareThreads()
case "sessions": SessionBench.run()
case "serving": try ServingBench.run()
case "abandon": try AbandonBench.run()
case "allocations": AllocationBench.run()
case "fuzz":
    let numbers = words.dropFirst().compactMap { UInt64($0) }
    exit(
        FuzzBench.run(
            caseCount: Int(numbers.first ?? 100_000), seed: numbers.dropFirst().first ?? 1))
case "worlds":
    let numbers = words.dropFirst().compactMap { UInt64($0) }
    guard numbers.count == 4, numbers[0] > 1, numbers[2] > 0 else {
        print("bored-bench worlds NODES FIRST-SEED SEEDS SECONDS")
        exit(64)
    }
    exit(
        WorldBench.run(
            nodeCount: Int(numbers[0]), seeds: numbers[1]...numbers[1] + numbers[2] - 1,
            roughFor: .seconds(Int(numbers[3]))))
default:
    print(
        "bored-bench [kernels | threads | sessions | allocations | serving | abandon | fuzz | "
            + "worlds]")
    exit(64)
}
