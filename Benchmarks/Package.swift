// swift-tools-version: 6.1
import PackageDescription

/// Executables that the benchmark scripts drive. A package of its own, so that no user of agon builds them.
let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v14)],
    dependencies: [.package(name: "agon", path: "..")],
    targets: [
        .target(name: "MachineLimits", path: "limits"),
        .executableTarget(
            name: "async-bench", dependencies: [.product(name: "AgonTournament", package: "agon")], path: "async",
            exclude: ["async.py"], sources: ["AsyncBench.swift"],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "audit-bench",
            dependencies: [.product(name: "AgonEngine", package: "agon"), .product(name: "AgonAudit", package: "agon")],
            path: "audit", exclude: ["audit.py"], sources: ["AuditBench.swift"],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "dpo-step", dependencies: [.product(name: "AgonEngine", package: "agon")], path: "dpo_step",
            exclude: ["dpo_step.py"], sources: ["DPOStep.swift"],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "engine-bench", dependencies: ["MachineLimits", .product(name: "AgonEngine", package: "agon")],
            path: "engine", exclude: ["engine.py", "agon.py", "decoding.py", "products.py", "training.py"],
            sources: ["EngineBench.swift", "EngineBench+Limits.swift"],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "ratings-bench", dependencies: [.product(name: "AgonRatings", package: "agon")], path: "ratings",
            exclude: ["ratings.py"], sources: ["RatingsBench.swift", "Simulations.swift"],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "store-bench", dependencies: [.product(name: "AgonTournament", package: "agon")], path: "store",
            exclude: ["store.py"], sources: ["StoreBench.swift"],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
        .executableTarget(
            name: "tokenizer-tool", dependencies: [.product(name: "AgonEngine", package: "agon")], path: "tokenizer",
            exclude: ["tokenizer.py"], sources: ["TokenizerTool.swift"],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
    ]
)
