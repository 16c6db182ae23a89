// swift-tools-version: 6.1
import PackageDescription

/// `NEUROAI_INSTALL=1` builds a program for other machines (scripts/install): no path of this checkout is in it.
let isForInstallation = Context.environment["NEUROAI_INSTALL"] == "1"
/// Native libraries that `scripts/bootstrap` lays below the checkout; unsafe flags are allowed because this is a root package.
let openVINOLibraries = isForInstallation ? "$ORIGIN/../lib/neuroai" : Context.packageDirectory + "/.deps/openvino/lib"
/// Loaded at run time, and only where a setting asks for it.
let onnxRuntimeLibrary = Context.packageDirectory + "/.deps/onnxruntime/lib/libonnxruntime.so"

let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let inMemoryLogging = Target.Dependency.product(name: "InMemoryLogging", package: "swift-log")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// Loops over voxels are ten and more times slower unoptimised, and tests spend most of their time in them.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let targets: [Target] = [
    // Borders to native code: one C module each.
    .target(
        name: "CITK",
        exclude: ["ITK"],
        publicHeadersPath: "include",
        cxxSettings: [
            .headerSearchPath("ITK"), .headerSearchPath("compiler"),
            // The filters are 7-10 times slower unoptimised; the shim is never stepped through.
            .unsafeFlags(["-O2", "-w"]),
        ],
        linkerSettings: [
            "ITKCommon", "itksys", "itkvnl", "itkvnl_algo", "itkv3p_netlib", "ITKTransform", "ITKStatistics",
            "ITKOptimizers",
            "ITKOptimizersv4", "ITKSmoothing", "ITKVNLInstantiation", "ITKLabelMap",
        ].map { .linkedLibrary($0 + "-5.2") }),
    .target(
        name: "COpenVINO",
        publicHeadersPath: "include",
        linkerSettings: [
            // Loaded at the first run of a network, from the rpath.
            .linkedLibrary("dl"),
            .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", openVINOLibraries]),
        ]),
    .target(
        name: "COnnxRuntime",
        publicHeadersPath: "include",
        cSettings: isForInstallation ? [] : [.define("ONNXRUNTIME_BOOTSTRAPPED", to: "\"\(onnxRuntimeLibrary)\"")]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq"),
    .systemLibrary(name: "CArgon2", pkgConfig: "libargon2"),
    .systemLibrary(name: "CCairo", pkgConfig: "cairo"),
    .systemLibrary(name: "CPango", pkgConfig: "pangocairo"),
    .systemLibrary(name: "CQRencode", pkgConfig: "libqrencode"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),

    .target(name: "Basics"),
    .target(name: "Claims"),
    .target(name: "Redis", dependencies: ["Basics", crypto, nioCore, nioPosix, nioSSL]),
    .target(name: "Celery", dependencies: ["Basics", "Redis", logging]),
    .target(name: "Dicom", dependencies: ["CZlib"], swiftSettings: optimised),
    .target(name: "Imaging", dependencies: ["Basics", "CITK", "CZlib", "Dicom", crypto], swiftSettings: optimised),
    .target(
        name: "Inference", dependencies: ["Basics", "Imaging", "COpenVINO", "COnnxRuntime", crypto],
        swiftSettings: optimised),
    .target(
        name: "Storage", dependencies: ["Basics", "CPostgres", grdb, crypto, subprocess],
        resources: [.embedInCode("Migrations")]),
    .target(
        name: "ObjectStorage",
        dependencies: ["Basics", "Storage", asyncHTTPClient, crypto, nioCore, nioHTTP1]),
    .target(name: "Rendering", dependencies: ["Basics", "CCairo", "CPango", "CQRencode", "Imaging"]),
    .target(name: "Kernel", dependencies: ["Basics", "Storage", crypto, logging, tracing]),
    .target(
        name: "Features",
        dependencies: [
            "Basics", "Claims", "Imaging", "Kernel", "Storage", "Rendering", "CArgon2", jwt, crypto, cryptoExtras,
            logging,
        ]),
    .target(name: "Administration", dependencies: ["Basics", "Features", "Imaging", "Kernel", "Storage"]),
    .target(
        name: "Web",
        dependencies: [
            "Administration", "Basics", "Features", "Imaging", "Kernel", crypto, httpTypes, hummingbird,
            hummingbirdCore, logging, mustache, nioCore, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP1, nioWebSocket,
            tracing,
        ],
        resources: [.embedInCode("Templates"), .embedInCode("Assets")]),
    .executableTarget(
        name: "neuroai",
        dependencies: [
            "Basics", "Celery", "Imaging", "Inference", "Kernel", "ObjectStorage", "Redis", "Storage", "Rendering",
            "Features", "Web", asyncHTTPClient, hummingbird, argumentParser, logging, nioCore, nioPosix,
            serviceLifecycle, subprocess,
        ]),

    .target(
        name: "TestSupport", dependencies: ["Basics", "ObjectStorage", "Storage"], path: "Tests/TestSupport",
        swiftSettings: optimised),
    .testTarget(name: "ClaimsTests", dependencies: ["Claims"]),
    .testTarget(name: "RedisTests", dependencies: ["Basics", "Redis", "TestSupport", nioCore]),
    .executableTarget(
        name: "CeleryWorkerFixture", dependencies: ["Basics", "Celery", "Redis", logging],
        path: "Tests/CeleryWorkerFixture"),
    .testTarget(
        name: "CeleryTests", dependencies: ["Basics", "Celery", "Redis", "TestSupport", logging], exclude: ["Peers"]),
    .testTarget(name: "DicomTests", dependencies: ["Dicom", crypto], exclude: ["Peers"], swiftSettings: optimised),
    .testTarget(name: "ImagingTests", dependencies: ["Basics", "Dicom", "Imaging"]),
    .testTarget(name: "InferenceTests", dependencies: ["Basics", "Inference", "Imaging"]),
    .testTarget(name: "StorageTests", dependencies: ["Basics", "Storage", "TestSupport"]),
    .testTarget(
        name: "ObjectStorageTests",
        dependencies: ["Basics", "ObjectStorage", "Storage", "TestSupport", crypto]),
    .testTarget(name: "RenderingTests", dependencies: ["Basics", "CZlib", "Rendering", "Imaging"]),
    .testTarget(
        name: "FeaturesTests",
        dependencies: [
            "Administration", "Basics", "Features", "Imaging", "Kernel", "Storage", "TestSupport", crypto, cryptoExtras,
            logging, inMemoryLogging, tracing,
        ]),
    .testTarget(
        name: "WebTests",
        dependencies: [
            "Administration", "Basics", "Web", "Features", "Imaging", "Kernel", "Storage", "Rendering", "TestSupport",
            httpTypes, hummingbird,
            hummingbirdTesting, inMemoryLogging, logging, nioCore,
        ]),
    .testTarget(
        name: "NeuroAITests",
        dependencies: [
            "neuroai", "Basics", "Features", "Imaging", "Kernel", "ObjectStorage", "Rendering", "Storage",
            "TestSupport",
            "Web", argumentParser, logging, serviceLifecycle, tracing,
        ]),
    .testTarget(
        name: "EndToEndTests", dependencies: ["Basics", "Imaging", "Kernel", "Storage", "Features", "TestSupport"],
        path: "Tests/EndToEndTests", exclude: ["Faults/clock.c", "Peers"]),
]

/// `NEUROAI_ONLY=ImagingTests swift test` builds one target and what it needs, so that work on a part costs seconds.
func closure(of names: [String], in targets: [Target]) -> [Target] {
    var wanted = Set(names)
    var grew = true
    while grew {
        grew = false
        for target in targets where wanted.contains(target.name) {
            for case .byNameItem(let name, _) in target.dependencies where wanted.insert(name).inserted { grew = true }
        }
    }
    return targets.filter { wanted.contains($0.name) }
}
let chosen =
    Context.environment["NEUROAI_ONLY"]
    .map { closure(of: $0.split(separator: ",").map(String.init), in: targets) } ?? targets

let package = Package(
    name: "neuroai",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: chosen,
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
