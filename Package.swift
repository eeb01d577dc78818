// swift-tools-version: 6.3
import PackageDescription

/// House settings, the same for every Swift room (docs/ARCHITECTURE.md says why).
let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A Swift room: one folder in Sources, one noun.
func room(_ name: String, _ imports: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: house)
}

/// An executable with nothing in it but `main`.
func program(_ name: String, _ imports: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: imports, swiftSettings: house)
}

/// The tests of one room.
func tests(_ name: String, _ imports: [Target.Dependency]) -> Target {
    .testTarget(name: name + "Tests", dependencies: imports, swiftSettings: house)
}

/// A C library of the system, wrapped for one room.
func library(_ name: String, package: String, debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: package, providers: [.apt([debian])])
}

let package = Package(
    name: "BoredMesh",
    products: [
        .executable(name: "bored", targets: ["bored"]),
        .executable(name: "bored-bench", targets: ["bored-bench"]),
        .executable(name: "bored-tidy", targets: ["bored-tidy"]),
    ],
    targets: [
        // MARK: base
        library("CSodium", package: "libsodium", debian: "libsodium-dev"),
        library("CLZ4", package: "liblz4", debian: "liblz4-dev"),
        library("CPCRE2", package: "libpcre2-8", debian: "libpcre2-dev"),
        // Without its pkg-config file, which has a flag that the package manager warns of.
        .systemLibrary(name: "CUTF8Proc", providers: [.apt(["libutf8proc-dev"])]),
        room("Primitives"),

        // MARK: vocabulary
        room("Identity", ["Primitives", "CSodium"]),
        room("Wire", ["Primitives", "Identity", "CLZ4"]),

        // MARK: protocols (each imports only the vocabulary)
        room("Sessions", ["Primitives", "Identity", "Wire"]),
        room("Kademlia", ["Primitives", "Identity", "Wire"]),
        room("Gossip", ["Primitives", "Identity", "Wire"]),
        room("Presence", ["Primitives", "Wire"]),
        room("Placement", ["Primitives", "Identity", "Wire"]),
        room("Shards", ["Primitives", "Identity", "Wire"]),
        room("Pipelines", ["Primitives", "Identity", "Wire"]),

        // MARK: composite
        room(
            "MeshNode",
            [
                "Primitives", "Identity", "Wire", "Sessions", "Kademlia", "Gossip", "Placement",
                "Shards", "Pipelines",
            ]),
        room(
            "Simulation",
            ["Primitives", "Identity", "Wire", "Sessions", "Gossip", "Pipelines", "MeshNode"]),

        // MARK: maths
        .target(
            name: "CKernels",
            cSettings: [.unsafeFlags(["-O3"], .when(configuration: .debug))],
            // fma, where a CPU's own instruction is not sure to be there.
            linkerSettings: [.linkedLibrary("m")]),
        .target(name: "CModel"),
        room("Tensors", ["Primitives", "CKernels"]),
        room("Checkpoints", ["Primitives"]),
        room("Templates", ["Primitives", "Checkpoints"]),
        room("Tokenizers", ["Primitives", "Checkpoints", "Templates", "CPCRE2", "CUTF8Proc"]),
        room("Transformers", ["Primitives", "Tensors", "Checkpoints", "Tokenizers"]),

        // MARK: shells
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        room(
            "Runtime",
            [
                "Primitives", "Identity", "Wire", "Presence", "Shards", "Pipelines", "MeshNode",
                "Transformers", "Tensors", "Checkpoints", "Templates", "Tokenizers", "CLinux",
                "CModel",
            ]),
        room(
            "Commands",
            [
                "Primitives", "Identity", "Wire", "Sessions", "Presence", "Shards", "Pipelines",
                "MeshNode", "Simulation", "Runtime", "Transformers", "Tensors", "Templates",
                "Tokenizers", "Checkpoints",
            ]),

        // MARK: executables
        // Counts what is allocated: its malloc takes the place of the C library's.
        .target(name: "CAllocations"),
        program("bored", ["Commands"]),
        program(
            "bored-bench",
            [
                "Primitives", "Identity", "Wire", "Sessions", "Gossip", "Shards", "Pipelines",
                "MeshNode", "Simulation", "Tensors", "Checkpoints", "Transformers", "Runtime",
                "CAllocations",
            ]),
        program("bored-tidy", []),

        // MARK: tests
        tests("Primitives", ["Primitives"]),
        tests("Identity", ["Primitives", "Identity", "CSodium"]),
        tests("Wire", ["Primitives", "Identity", "Wire"]),
        tests("Sessions", ["Primitives", "Identity", "Wire", "Sessions"]),
        tests("Kademlia", ["Primitives", "Identity", "Wire", "Kademlia"]),
        tests("Gossip", ["Primitives", "Identity", "Wire", "Gossip"]),
        tests("Presence", ["Primitives", "Wire", "Presence"]),
        tests("Placement", ["Primitives", "Identity", "Wire", "Placement"]),
        tests("Shards", ["Primitives", "Identity", "Wire", "Shards"]),
        tests("Pipelines", ["Primitives", "Identity", "Wire", "Pipelines"]),
        tests(
            "MeshNode",
            [
                "Primitives", "Identity", "Wire", "Sessions", "Gossip", "Shards", "Pipelines",
                "MeshNode",
            ]),
        tests("Simulation", ["Primitives", "Identity", "Wire", "MeshNode", "Simulation"]),
        tests("Tensors", ["Primitives", "Tensors"]),
        tests("Checkpoints", ["Primitives", "Checkpoints"]),
        tests("Templates", ["Primitives", "Checkpoints", "Templates"]),
        tests("Tokenizers", ["Primitives", "Checkpoints", "Templates", "Tokenizers"]),
        tests(
            "Transformers",
            [
                "Primitives", "Tensors", "Checkpoints", "Tokenizers", "Transformers", "CModel",
                "CAllocations",
            ]),
        tests(
            "Runtime",
            [
                "Primitives", "Identity", "Wire", "Presence", "Pipelines", "MeshNode", "Tensors",
                "Checkpoints", "Transformers", "Runtime", "CModel",
            ]),
        tests(
            "Commands",
            ["Primitives", "Identity", "Wire", "Checkpoints", "Tensors", "Runtime", "Commands"]),
    ]
)
