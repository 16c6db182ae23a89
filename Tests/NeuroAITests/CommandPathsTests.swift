import ArgumentParser
import Foundation
import Imaging
import TestSupport
import Testing

@testable import neuroai

/// Input and output paths on the command line.
@Suite struct CommandPathsTests {
    private func message(of error: (any Error)?) -> String {
        (error as? ValidationError)?.message ?? (error as? FileError)?.description ?? ""
    }

    @Test func onlyARegularFileIsAnInput() async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appendingPathComponent("t1.nii")
            try Data([1]).write(to: file)
            try InputFile.check(file.path, named: "--t1")
            for (path, words) in [
                (folder.path, "this is a folder"), (folder.path + "/none", "there is no such file"),
                ("/dev/null", "a device or a pipe"),
            ] {
                let error = #expect(throws: FileError.self) { try InputFile.check(path, named: "--t1") }
                #expect(message(of: error).hasPrefix("--t1: "))
                #expect(message(of: error).contains(words), "\(message(of: error))")
            }
        }
    }

    @Test func anInputIsNotOverwritten() async throws {
        try await TemporaryFolder.with { folder in
            let input = folder.appendingPathComponent("t1.nii.gz")
            try Data([1]).write(to: input)
            let output = OutputFolder(option: "--out", path: folder.path)
            try output.checkArguments(writing: ["mask.nii.gz"], reading: [("--t1", input.path)])
            let error = #expect(throws: ValidationError.self) {
                try output.checkArguments(writing: ["t1.nii.gz"], reading: [("--t1", input.path)])
            }
            #expect(message(of: error).hasPrefix("--t1 would be overwritten by t1.nii.gz"))
        }
    }

    /// Also if the input path is a symbolic link to the file.
    @Test func aLinkDoesNotHideAnInput() async throws {
        try await TemporaryFolder.with { folder in
            let input = folder.appendingPathComponent("mask.nii.gz")
            try Data([1]).write(to: input)
            let link = folder.appendingPathComponent("link.nii.gz")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: input)
            #expect(throws: ValidationError.self) {
                try OutputFolder(option: "--out", path: folder.path)
                    .checkArguments(writing: ["mask.nii.gz"], reading: [("--t1", link.path)])
            }
        }
    }

    @Test func oneFileIsNotTwoSeries() async throws {
        try await TemporaryFolder.with { folder in
            let error = #expect(throws: ValidationError.self) {
                try OutputFolder(option: "--out", path: folder.path).checkArguments(
                    writing: [], reading: [("--t1", folder.path + "/a.nii"), ("--t2", folder.path + "/./a.nii")])
            }
            #expect(message(of: error) == "--t1 and --t2 name the same file.")
        }
    }

    @Test func aPlaceThatCanNotBeWrittenIsFoundBeforehand() async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appendingPathComponent("file")
            try Data().write(to: file)
            for path in [file.path, file.path + "/below", "/proc/out"] {
                #expect(throws: FileError.self, "\(path)") {
                    try OutputFolder(option: "--out", path: path).checkWritable([])
                }
            }
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("mask.nii.gz"), withIntermediateDirectories: true)
            #expect(throws: FileError.self) {
                try OutputFolder(option: "--out", path: folder.path).checkWritable(["mask.nii.gz"])
            }
            #expect(throws: ValidationError.self) {
                try OutputFolder(option: "--out", path: "").checkArguments(writing: [], reading: [])
            }
        }
    }

    @Test func checkingLeavesNothingBehind() async throws {
        try await TemporaryFolder.with { folder in
            let path = folder.appendingPathComponent("a/b/c").path
            try OutputFolder(option: "--out", path: path).checkWritable(["mask.nii.gz"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }
    }

    @Test(
        arguments: [
            (.invalidImage, 65), (.unsupportedImage, 65), (.ambiguousLabels, 65), (.incompatibleSeries, 65),
            (.invalidModel, 78),
            (.cancelled, 130), (.diskFull, 73), (.internalFault, 70), (.outOfMemory, 70),
        ] as [(ImagingError.Code, Int32)])
    func exitCodesAreThoseOfSysexits(_ code: ImagingError.Code, _ status: Int32) {
        #expect(ImagingError(code, "Message.").exitCode == status)
    }
}
