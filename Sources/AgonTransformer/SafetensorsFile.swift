/// A safetensors file that is open for reading: the header is checked at once, data is read when asked for.
///
/// The file is untrusted: a header that lies about sizes, offsets or names is an error, never a crash, a large
/// allocation or a read outside the file. The file is mapped, so that opening one of many gigabytes costs its header.
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
    private let file: MappedFile

    /// Opens the file and checks its header.
    ///
    /// - Throws: `invalidFile` where the file is absent, truncated or no safetensors file; `invalidTensor` where a
    ///   tensor's shape, type and offsets contradict one another.
    public init(path: String) throws(TransformerError) {
        let file = try MappedFile(path: path)
        let header = try Self.header(file)
        self.path = path
        self.file = file
        tensors = header.tensors
        metadata = header.metadata
        indexByName = Dictionary(
            uniqueKeysWithValues: header.tensors.enumerated().map { (ByteString($0.element.name), $0.offset) })
    }

    /// The tensor of that name, or nil.
    public subscript(name: String) -> Tensor? { indexByName[ByteString(name)].map { tensors[$0] } }

    private static func header(_ file: MappedFile) throws(TransformerError) -> SafetensorsHeader {
        let path = file.path
        guard file.count >= 8 else {
            throw TransformerError(
                .invalidFile, "\(path) has only \(file.count) bytes, too few for a safetensors file; copy it again.")
        }
        let prefix = try file.withBytes(0..<8) { (bytes) throws(TransformerError) in Array(bytes) }
        let length = try SafetensorsHeader.length(prefix, fileSize: file.count, file: path)
        let json = try file.withBytes(8..<8 + length) { (bytes) throws(TransformerError) in Array(bytes) }
        return try SafetensorsHeader(
            json: json, dataSize: file.count - 8 - length, dataStart: 8 + length, file: path)
    }

    /// Calls the closure with a tensor's elements as they lie in the file: little-endian, at any alignment.
    ///
    /// - Precondition: `tensor` is one of `tensors`.
    /// - Throws: `invalidFile` where the file has become shorter; what the closure throws.
    public func withBytes<Result>(
        of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws(TransformerError) -> Result
    ) throws(TransformerError) -> Result {
        try file.withBytes(tensor.byteRange, body)
    }

    /// Reads a tensor as float32, widening F16 and BF16 exactly.
    ///
    /// - Precondition: `memory` has `tensor.count` elements and `tensor` is one of `tensors`.
    /// - Throws: `unsupported`, naming the tensor and its type, when it is none of the three.
    public func read(_ tensor: Tensor, into memory: UnsafeMutableBufferPointer<Float>) throws(TransformerError) {
        precondition(memory.count == tensor.count, "the memory must have as many elements as the tensor")
        file.willRead(tensor.byteRange)
        defer { file.hasRead(tensor.byteRange) }
        switch tensor.type {
        case "F32":
            try withBytes(of: tensor) { (bytes) throws(TransformerError) in
                UnsafeMutableRawBufferPointer(memory).copyMemory(from: bytes)
            }
        case "F16": try readHalves(tensor, memory) { Self.widenHalf($0) }
        case "BF16": try readHalves(tensor, memory) { Float(bitPattern: UInt32($0) << 16) }
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

    private func readHalves(
        _ tensor: Tensor, _ memory: UnsafeMutableBufferPointer<Float>, _ widen: (UInt16) -> Float
    ) throws(TransformerError) {
        try withBytes(of: tensor) { (bytes) throws(TransformerError) in
            for index in 0..<memory.count {
                let bits = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                memory[index] = widen(UInt16(littleEndian: bits))
            }
        }
    }

    /// IEEE 754 half to single precision, by bits, since not every platform has `Float16`.
    ///
    /// Exponent and fraction, moved to their places, are the value divided by 2¹¹²; subnormal halves come out right
    /// too. Infinities and NaN arrive at 2¹⁶ and above, and get the greatest exponent.
    @inline(__always)
    static func widenHalf(_ bits: UInt16) -> Float {
        let magnitude = Float(bitPattern: UInt32(bits & 0x7FFF) << 13) * 0x1p112
        let special: UInt32 = magnitude >= 0x1p16 ? 0x7F80_0000 : 0
        return Float(bitPattern: magnitude.bitPattern | special | UInt32(bits & 0x8000) << 16)
    }
}
