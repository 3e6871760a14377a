/// One tensor to write: its memory is borrowed for the duration of the call.
public struct SafetensorsSource {
    /// The name in the header.
    public let name: String
    /// Sizes, outermost first.
    public let shape: [Int]
    /// Row-major elements; as many as the product of the shape.
    public let values: UnsafeBufferPointer<Float>

    /// - Precondition: the shape's product is the number of values.
    public init(name: String, shape: [Int], values: UnsafeBufferPointer<Float>) {
        precondition(shape.reduce(1, *) == values.count, "the shape must have as many elements as the memory")
        self.name = name
        self.shape = shape
        self.values = values
    }
}

extension SafetensorsFile {
    /// Writes float32 tensors as Hugging Face does: by name, the header padded to 8 bytes, metadata `format: pt`.
    ///
    /// The file appears whole or not at all. Equal tensors give equal bytes.
    ///
    /// - Precondition: names differ from one another.
    /// - Throws: `invalidFile` when the disk refuses.
    public static func write(_ sources: [SafetensorsSource], to path: String) throws(TransformerError) {
        let sources = sources.sorted { ByteString($0.name) < ByteString($1.name) }
        var members = [JSONMember("__metadata__", .object([JSONMember("format", .string(ByteString("pt")))]))]
        var offset = 0
        for source in sources {
            let end = offset + 4 * source.values.count
            members.append(
                JSONMember(
                    source.name,
                    .object([
                        JSONMember("dtype", .string(ByteString("F32"))),
                        JSONMember("shape", .array(source.shape.map { .integer($0) })),
                        JSONMember("data_offsets", .array([.integer(offset), .integer(end)])),
                    ])))
            offset = end
        }
        var header = JSONWriter.compact(.object(members))
        header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { [UInt8]($0) }
        try DurableFile.write(to: path) { (sink) throws(TransformerError) in
            try sink.write(length + header)
            for source in sources { try sink.write(UnsafeRawBufferPointer(source.values)) }
        }
    }
}
