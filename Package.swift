// swift-tools-version: 6.1
import PackageDescription

/// Whether warnings are errors, as in `make check`. Not by default: a newer compiler may warn of what is fine today.
let isChecking = Context.environment["AGON_CHECK"] != nil

/// In `make sanitize`: undefined behaviour of the kernels ends the test that meets it. (Swift itself has no such option.)
let trapping =
    Context.environment["AGON_UNDEFINED"] != nil ? ["-fsanitize=undefined", "-fsanitize-trap=undefined"] : []

/// Swift 6 language mode, every import spelled out where it is used.
let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (isChecking ? [.unsafeFlags(["-warnings-as-errors"])] : [])

/// The targets stand in the order of the story; imports go one way, from the bottom of this list to its top.
let package = Package(
    name: "agon",
    platforms: [.macOS(.v14)],
    products: [
        .executable(name: "agon", targets: ["agon"]),
        // The engine alone, for Benchmarks/ and for whoever trains without an arena.
        .library(name: "AgonEngine", targets: ["AgonCore", "AgonTransformer", "AgonTraining"]),
        // Ratings alone, for Benchmarks/ and for whoever has battles from elsewhere.
        .library(name: "AgonRatings", targets: ["AgonCore", "AgonRatings"]),
        // Runs and their database, for Benchmarks/.
        .library(name: "AgonTournament", targets: ["AgonCore", "AgonStore", "AgonTournament"]),
        // What an audit asks of rollouts, for Benchmarks/ and for whoever has rollouts from elsewhere.
        .library(name: "AgonAudit", targets: ["AgonCore", "AgonAudit"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        .target(name: "AgonCore", swiftSettings: strict),
        .target(name: "AgonGames", dependencies: ["AgonCore"], swiftSettings: strict),
        .target(name: "AgonScheduling", dependencies: ["AgonCore"], swiftSettings: strict),
        .target(name: "AgonJudging", dependencies: ["AgonCore"], swiftSettings: strict),
        .target(name: "AgonRatings", dependencies: ["AgonCore"], swiftSettings: strict),
        .target(name: "AgonAudit", dependencies: ["AgonCore"], swiftSettings: strict),
        .target(
            name: "AgonProof", dependencies: ["AgonCore", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        // Debug builds would leave the float loops 60 times slower; tests need them quick.
        .target(
            name: "CKernels",
            cSettings: [.unsafeFlags(["-O3"] + trapping, .when(configuration: .debug))]
                + (isChecking ? [.unsafeFlags(["-Werror"])] : [])),
        .target(name: "AgonTransformer", dependencies: ["AgonCore", "CKernels"], swiftSettings: strict),
        .target(name: "AgonTraining", dependencies: ["AgonCore", "AgonTransformer"], swiftSettings: strict),
        .target(name: "CSandbox", cSettings: isChecking ? [.unsafeFlags(["-Werror"])] : []),
        .target(name: "AgonConnections", dependencies: ["AgonCore", "CSandbox"], swiftSettings: strict),
        .target(
            name: "AgonAgents",
            dependencies: [
                "AgonCore", "AgonGames", "AgonJudging", "AgonTransformer", "AgonTraining", "AgonConnections",
                .product(name: "Yams", package: "Yams"),
            ], swiftSettings: strict),
        .target(
            name: "AgonStore", dependencies: ["AgonCore", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict),
        .target(
            name: "AgonTournament",
            dependencies: [
                "AgonCore", "AgonGames", "AgonScheduling", "AgonJudging", "AgonRatings", "AgonTransformer",
                "AgonAudit", "AgonProof", "AgonTraining", "AgonAgents", "AgonStore", .product(name: "Crypto", package: "swift-crypto"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "agon",
            dependencies: [
                "AgonCore", "AgonAgents", "AgonStore", "AgonTraining", "AgonTransformer", "AgonTournament",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        // The laws that conformers of the protocols obey, for the tests of every module that has some.
        .target(name: "AgonLaws", dependencies: ["AgonCore"], path: "Tests/AgonLaws", swiftSettings: strict),
        .testTarget(name: "AgonTidyTests", swiftSettings: strict),
        .testTarget(name: "CKernelsTests", dependencies: ["CKernels"], swiftSettings: strict),
        .testTarget(
            name: "AgonGamesTests", dependencies: ["AgonCore", "AgonGames", "AgonLaws"], exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "AgonSchedulingTests", dependencies: ["AgonCore", "AgonScheduling"], swiftSettings: strict),
        .testTarget(
            name: "AgonJudgingTests", dependencies: ["AgonCore", "AgonJudging", "AgonLaws"], exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "AgonRatingsTests", dependencies: ["AgonCore", "AgonRatings"], exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(name: "AgonAuditTests", dependencies: ["AgonCore", "AgonAudit"], swiftSettings: strict),
        .testTarget(
            name: "AgonProofTests", dependencies: ["AgonCore", "AgonProof"], exclude: ["Fixtures"], swiftSettings: strict),
        // Counts what the reading of a hostile file allocates, by an allocator before that of Linux's C library.
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .testTarget(
            name: "AgonTransformerTests",
            dependencies: [
                "AgonCore", "AgonTransformer", "CKernels",
                .target(name: "CAllocations", condition: .when(platforms: [.linux])),
            ], exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "AgonTrainingTests", dependencies: ["AgonCore", "AgonTransformer", "AgonTraining"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "AgonConnectionsTests", dependencies: ["AgonCore", "AgonConnections"], swiftSettings: strict),
        .testTarget(
            name: "AgonAgentsTests",
            dependencies: ["AgonCore", "AgonAgents", "AgonConnections", "AgonJudging", "AgonTransformer", "AgonLaws"],
            swiftSettings: strict),
        .testTarget(
            name: "AgonStoreTests",
            dependencies: ["AgonCore", "AgonStore", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict),
        .testTarget(
            name: "AgonTournamentTests",
            dependencies: [
                "AgonCore", "AgonAgents", "AgonAudit", "AgonGames", "AgonJudging", "AgonProof", "AgonRatings", "AgonScheduling",
                "AgonStore", "AgonTraining", "AgonTransformer", "AgonTournament", "AgonLaws",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], swiftSettings: strict),
        // Runs the built executable; imports nothing of it.
        .testTarget(name: "AgonCLITests", dependencies: ["agon"], exclude: ["Fixtures"], swiftSettings: strict),
    ]
)
