import Foundation
import Testing

@testable import AgonTransformer

@Suite struct SafetensorsTests {
    @Test func halfAndBrainFloatsAreWidenedExactly() throws {
        let file = try SafetensorsFile(path: fixture("element_types.safetensors"))
        for type in ["half", "brain"] {
            let (read, expected) = (try file.floats(type), try file.floats(type + ".expected"))
            #expect(read.map(\.bitPattern) == expected.map(\.bitPattern), "\(type)")
        }
        #expect(try file.floats("single") == [1.5, -2, 3.25, 4, 5, -6.125])
        #expect(file["single"]?.shape == [2, 3])
        #expect(try file.floats("scalar") == [7])
        #expect(try file.floats("empty") == [])
        #expect(file.metadata.first?.value == "pt")
    }

    @Test func everyHalfOfSixteenBitsIsWidenedByTheDefinition() {
        for bits in UInt16.min...UInt16.max {
            let (exponent, fraction) = (Int(bits >> 10) & 0x1F, Float(bits & 0x3FF))
            var expected = exponent == 0 ? fraction * 0x1p-24 : (1 + fraction / 1024) * exp2(Float(exponent - 15))
            if exponent == 31 { expected = fraction == 0 ? .infinity : .nan }
            if bits & 0x8000 != 0 { expected = -expected }
            let value = SafetensorsFile.widenHalf(bits)
            let agrees = value == expected && value.sign == expected.sign || value.isNaN && expected.isNaN
            if !agrees { Issue.record("\(bits) became \(value), not \(expected)") }
        }
    }

    @Test func anIntegerTensorIsListedButNotReadAsWeights() throws {
        let file = try SafetensorsFile(path: fixture("element_types.safetensors"))
        #expect(file["count"]?.type == "I64")
        let message = sentence { _ = try file.floats("count") }
        #expect(message.contains("element_types.safetensors: tensor count has type I64"))
    }

    @Test func whatIsWrittenIsReadBackWithTheSameBitsAndSortedNames() throws {
        let folder = try TemporaryFolder()
        let (a, b): ([Float], [Float]) = ([1, -0.0, .leastNonzeroMagnitude, .infinity], [.pi])
        try a.withUnsafeBufferPointer { first in
            try b.withUnsafeBufferPointer { second in
                try SafetensorsFile.write(
                    [
                        SafetensorsSource(name: "z \"quoted\"", shape: [2, 2], values: first),
                        SafetensorsSource(name: "a", shape: [], values: second),
                    ], to: "\(folder.path)/x.safetensors")
            }
        }
        let file = try SafetensorsFile(path: "\(folder.path)/x.safetensors")
        #expect(file.tensors.map(\.name) == ["a", "z \"quoted\""])
        #expect(try file.floats("z \"quoted\"").map(\.bitPattern) == a.map(\.bitPattern))
        #expect(try file.floats("a") == b)
        let bytes = try folder.read("x.safetensors")
        #expect(bytes[0] % 8 == 0)
        #expect(try folder.names == ["x.safetensors"])
    }

    @Test func aHeaderThatLiesIsOneSentence() throws {
        let folder = try TemporaryFolder()
        func tensor(_ shape: String, _ offsets: String, _ type: String = "F32") -> String {
            "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
        }
        let cases: [(bytes: [UInt8], reason: String)] = [
            ([], "only 0 bytes"),
            ([1, 2, 3], "only 3 bytes"),
            (safetensorsBytes("{}", claimedLength: 10_000_000_000), "claims a header of 10000000000 bytes"),
            (safetensorsBytes("{}", claimedLength: .max), "claims a header of 18446744073709551615 bytes"),
            (safetensorsBytes("{}", claimedLength: 3), "claims a header of 3 bytes but has only 10 in all"),
            (safetensorsBytes("[]"), "does not begin with \"{\""),
            (safetensorsBytes("{\"a\":"), "is not valid JSON"),
            (safetensorsBytes("{\"a\":1}"), "\"a\" must be an object"),
            (safetensorsBytes("{\"a\":{}}"), "the key \"a.dtype\" is missing"),
            (safetensorsBytes("{\"a\":\(tensor("[0]", "[0,0]")),\"a\":\(tensor("[0]", "[0,0]"))}"), "\"a\" appears twice"),
            (safetensorsBytes("{\"a\":\(tensor("[1]", "[0,4]", "F4"))}", data: 4), "unknown type F4"),
            (safetensorsBytes("{\"a\":\(tensor("[-1]", "[0,4]"))}", data: 4), "impossible size -1"),
            (safetensorsBytes("{\"a\":\(tensor("[4294967296,4294967296]", "[0,0]"))}"), "impossible size 4294967296"),
            (safetensorsBytes("{\"a\":\(tensor("[0,1e30]", "[0,0]"))}"), "must be an integer"),
            (safetensorsBytes("{\"a\":\(tensor("[2]", "[0,4]"))}", data: 4), "needs 8 bytes"),
            (safetensorsBytes("{\"a\":\(tensor("[1]", "[4,0]"))}", data: 4), "data_offsets are [4, 0]"),
            (safetensorsBytes("{\"a\":\(tensor("[1]", "[-4,0]"))}", data: 4), "data_offsets are [-4, 0]"),
            (
                safetensorsBytes("{\"a\":\(tensor("[1]", "[9223372036854775803,9223372036854775807]"))}", data: 4),
                "needs 4 bytes"
            ),
            (safetensorsBytes("{\"a\":\(tensor("[2]", "[0,8]"))}", data: 4), "truncated: tensor a ends at byte"),
            (safetensorsBytes("{\"a\":\(tensor("[1]", "[4,8]"))}", data: 8), "tensor a leaves a hole before it"),
            (
                safetensorsBytes("{\"a\":\(tensor("[2]", "[0,8]")),\"b\":\(tensor("[1]", "[4,8]"))}", data: 8),
                "tensor b overlaps"
            ),
            (safetensorsBytes("{\"a\":\(tensor("[1]", "[0,4]"))}", data: 9), "5 bytes after the last tensor"),
        ]
        for (bytes, reason) in cases {
            try folder.write(bytes, "model.safetensors")
            let message = sentence { _ = try SafetensorsFile(path: "\(folder.path)/model.safetensors") }
            #expect(message.contains("model.safetensors"), "\(reason)")
            #expect(message.contains(reason), "\(message)")
        }
        #expect(sentence { _ = try SafetensorsFile(path: "\(folder.path)/none") }.contains("no such file"))
        #expect(sentence { _ = try SafetensorsFile(path: folder.path) }.contains("not a regular file"))
    }

    @Test func aFileThatBecomesShorterWhileItIsOpenIsOneSentence() throws {
        let folder = try TemporaryFolder()
        let bytes = safetensorsBytes(#"{"a":{"dtype":"F32","shape":[2000],"data_offsets":[0,8000]}}"#, data: 8000)
        try folder.write(bytes, "x.safetensors")
        let path = "\(folder.path)/x.safetensors"
        let file = try SafetensorsFile(path: path)
        #expect(try file.floats("a").count == 2000)
        #expect(truncate(path, 100) == 0)
        #expect(sentence { _ = try file.floats("a") }.contains("x.safetensors became shorter while it was read"))
        // A new file under the old name does not disturb the one that is open.
        try folder.write(bytes, "y.safetensors")
        let open = try SafetensorsFile(path: "\(folder.path)/y.safetensors")
        try DurableFile.write([1, 2, 3], to: "\(folder.path)/y.safetensors")
        #expect(try open.floats("a").allSatisfy { $0 == 0 })
    }

    @Test func aWriteThatFailsLeavesTheOldFile() throws {
        let folder = try TemporaryFolder()
        try folder.write("old", "x.safetensors")
        let message = sentence {
            try DurableFile.write(to: "\(folder.path)/x.safetensors") { (sink) throws(TransformerError) in
                try sink.write([1, 2, 3])
                throw TransformerError(.invalidFile, "The disk is full.")
            }
        }
        #expect(message == "The disk is full.")
        #expect(try folder.read("x.safetensors") == Array("old".utf8))
        #expect(try folder.names == ["x.safetensors"])
        #expect(sentence { try DurableFile.write([1], to: "\(folder.path)/none/x") }.contains("Cannot create"))
    }
}
