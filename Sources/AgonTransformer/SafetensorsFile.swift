import Foundation

/// A safetensors file that is open for reading: the header is checked at once, data is read when asked for.
///
/// The file is untrusted: a header that lies about sizes, offsets or names is an error, never a crash or a large
/// allocation. Data is read by position rather than mapped, because a mapped file that another program shortens
/// ends the process.
public final class SafetensorsFile: Sendable {
    /// One tensor as the header describes it.
    public struct Tensor: Sendable, Equatable {
        /// The name in the header.
        public let name: String
        /// The header's element type: `F32`, `F16`, `BF16` can be read; others are listed only.
        public let type: String
        /// Sizes, outermost first; empty for a scalar.
        public let shape: [Int]
        /// Where the data lies in the file.
        let byteRange: Range<Int>
        /// Elements: the product of the shape.
        public var count: Int { shape.reduce(1, *) }
    }

    /// The path that the file was opened with.
    public let path: String
    /// In the order of their data.
    public let tensors: [Tensor]
    /// The header's `__metadata__`, in the order of the file.
    public let metadata: [(key: String, value: String)]
    private let indexByName: [ByteString: Int]
    private let descriptor: Int32

    /// Opens the file and checks its header.
    ///
    /// - Throws: `invalidFile` where the file is absent, truncated or no safetensors file; `invalidTensor` where a
    ///   tensor's shape, type and offsets contradict one another.
    public init(path: String) throws(TransformerError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw DurableFile.failure("open", path) }
        do throws(TransformerError) {
            let header = try Self.header(descriptor, path)
            self.path = path
            self.descriptor = descriptor
            tensors = header.tensors
            metadata = header.metadata
            indexByName = Dictionary(
                uniqueKeysWithValues: header.tensors.enumerated().map { (ByteString($0.element.name), $0.offset) })
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// The tensor of that name, or nil.
    public subscript(name: String) -> Tensor? { indexByName[ByteString(name)].map { tensors[$0] } }

    private static func header(_ descriptor: Int32, _ path: String) throws(TransformerError) -> SafetensorsHeader {
        let size = try DurableFile.size(descriptor, path)
        guard size >= 8 else {
            throw TransformerError(
                .invalidFile, "\(path) has only \(size) bytes, too few for a safetensors file; copy it again.")
        }
        let length = try SafetensorsHeader.length(bytes(descriptor, path, at: 0, 8), fileSize: size, file: path)
        return try SafetensorsHeader(
            json: bytes(descriptor, path, at: 8, length), dataSize: size - 8 - length, dataStart: 8 + length,
            file: path)
    }

    private static func bytes(
        _ descriptor: Int32, _ path: String, at offset: Int, _ count: Int
    ) throws(TransformerError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBufferPointer { (buffer) throws(TransformerError) in
            try DurableFile.read(descriptor, at: offset, into: UnsafeMutableRawBufferPointer(buffer), path)
        }
        return bytes
    }

    /// Reads a tensor as float32, widening F16 and BF16 exactly.
    ///
    /// - Precondition: `memory` has `tensor.count` elements and `tensor` is one of `tensors`.
    /// - Throws: `unsupported`, naming the tensor and its type, when it is none of the three.
    public func read(_ tensor: Tensor, into memory: UnsafeMutableBufferPointer<Float>) throws(TransformerError) {
        precondition(memory.count == tensor.count, "the memory must have as many elements as the tensor")
        let start = tensor.byteRange.lowerBound
        switch tensor.type {
        case "F32": try DurableFile.read(descriptor, at: start, into: UnsafeMutableRawBufferPointer(memory), path)
        case "F16": try readHalves(start, memory) { Self.widenHalf($0) }
        case "BF16": try readHalves(start, memory) { Float(bitPattern: UInt32($0) << 16) }
        default:
            throw TransformerError(
                .unsupported,
                "\(path): tensor \(tensor.name) has type \(tensor.type), which cannot be read as weights; "
                    + "save it as F32, F16 or BF16.")
        }
    }

    /// A whole tensor as an array, row-major.
    ///
    /// - Throws: `invalidTensor` where the file has no tensor of that name; otherwise as `read(_:into:)`.
    public func floats(_ name: String) throws(TransformerError) -> [Float] {
        guard let tensor = self[name] else {
            throw TransformerError(.invalidTensor, "\(path) has no tensor \(name); it holds \(tensors.count) others.")
        }
        var values = [Float](repeating: 0, count: tensor.count)
        try values.withUnsafeMutableBufferPointer { (memory) throws(TransformerError) in
            try read(tensor, into: memory)
        }
        return values
    }

    /// Reads 16-bit elements in blocks, so that a large tensor needs no second copy of itself.
    private func readHalves(
        _ start: Int, _ memory: UnsafeMutableBufferPointer<Float>, _ widen: (UInt16) -> Float
    ) throws(TransformerError) {
        let blockSize = 1 << 16
        try withUnsafeTemporaryAllocation(of: UInt16.self, capacity: min(blockSize, max(memory.count, 1))) {
            (block) throws(TransformerError) in
            var index = 0
            while index < memory.count {
                let count = min(blockSize, memory.count - index)
                let part = UnsafeMutableBufferPointer(rebasing: block[..<count])
                try DurableFile.read(
                    descriptor, at: start + 2 * index, into: UnsafeMutableRawBufferPointer(part), path)
                for offset in 0..<count { memory[index + offset] = widen(UInt16(littleEndian: part[offset])) }
                index += count
            }
        }
    }

    /// IEEE 754 half to single precision, by bits, since not every platform has `Float16`.
    static func widenHalf(_ bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            let magnitude = Float(fraction) * 0x1p-24
            return sign == 0 ? magnitude : -magnitude
        case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
