/// The table of contents of a safetensors file, checked against the file's size before anything else is read.
///
/// Layout: 8 bytes little-endian header length N, N bytes of JSON, then the data. The JSON maps each name to
/// `{"dtype", "shape", "data_offsets": [begin, end)}`, offsets relative to the data; `__metadata__` holds strings.
/// - Source: https://huggingface.co/docs/safetensors, section "Format".
struct SafetensorsHeader: Sendable {
    /// The greatest header that the format's own reader accepts, in bytes.
    static let byteLimit = 100_000_000

    /// Bytes per element of every type that a header may name.
    static let elementSizes: [String: Int] = [
        "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
        "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1,
    ]

    /// In the order of their data.
    let tensors: [SafetensorsFile.Tensor]
    /// Free text about the file, such as `format`: `pt`.
    let metadata: [(key: String, value: String)]

    /// Reads the header length from the first 8 bytes.
    ///
    /// - Throws: `invalidFile` when the length cannot belong to a file of that size.
    static func length(_ bytes: [UInt8], fileSize: Int, file: String) throws(TransformerError) -> Int {
        var length: UInt64 = 0
        for byte in bytes.reversed() { length = length << 8 | UInt64(byte) }
        guard length <= UInt64(byteLimit) else {
            throw TransformerError(
                .invalidFile,
                "\(file) claims a header of \(length) bytes, over the limit of \(byteLimit); "
                    + "it is not a safetensors file or is damaged, copy it again.")
        }
        guard Int(length) <= fileSize - 8 else {
            throw TransformerError(
                .invalidFile,
                "\(file) claims a header of \(length) bytes but has only \(fileSize) in all; "
                    + "it is truncated, copy it again.")
        }
        return Int(length)
    }

    /// - Parameters:
    ///   - json: the header's text, without the length.
    ///   - dataSize: bytes that follow the header.
    ///   - dataStart: where they begin in the file.
    /// - Throws: `invalidFile` or `invalidTensor`, naming the tensor.
    init(json: [UInt8], dataSize: Int, dataStart: Int, file: String) throws(TransformerError) {
        guard json.first == UInt8(ascii: "{") else {
            throw TransformerError(
                .invalidFile, "\(file): the header does not begin with \"{\"; it is not a safetensors file.")
        }
        let reader = try JSONReader(bytes: json, file: "\(file) (header)")
        var tensors: [SafetensorsFile.Tensor] = []
        var metadata: [(key: String, value: String)] = []
        for member in try reader.members() {
            let entry = reader.at(member.key.text, member.value)
            if member.key.text == "__metadata__" {
                for text in try entry.members() {
                    metadata.append((text.key.text, try entry.at(text.key.text, text.value).text()))
                }
            } else {
                tensors.append(try Self.tensor(member.key.text, entry, dataStart: dataStart, file: file))
            }
        }
        tensors.sort {
            ($0.byteRange.lowerBound, $0.byteRange.upperBound) < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
        }
        try Self.checkCoverage(tensors, dataStart: dataStart, dataEnd: dataStart + dataSize, file: file)
        self.tensors = tensors
        self.metadata = metadata
    }

    private static func tensor(
        _ name: String, _ entry: JSONReader, dataStart: Int, file: String
    ) throws(TransformerError) -> SafetensorsFile.Tensor {
        let type = try entry.required("dtype").text()
        guard let elementSize = elementSizes[type] else {
            throw TransformerError(
                .unsupported, "\(file): tensor \(name) has the unknown type \(type); save it as F32, F16 or BF16.")
        }
        var shape: [Int] = []
        var byteCount = elementSize
        for dimension in try entry.required("shape").elements() {
            let size = try dimension.integer()
            let product = byteCount.multipliedReportingOverflow(by: size)
            guard size >= 0, !product.overflow else {
                throw TransformerError(
                    .invalidTensor, "\(file): tensor \(name) has the impossible size \(size); write the file again.")
            }
            shape.append(size)
            byteCount = product.partialValue
        }
        let offsets = try entry.required("data_offsets").elements()
        guard offsets.count == 2 else {
            throw TransformerError(
                .invalidTensor, "\(file): tensor \(name) needs two data_offsets but has \(offsets.count).")
        }
        let (begin, end) = (try offsets[0].integer(), try offsets[1].integer())
        let absoluteEnd = end.addingReportingOverflow(dataStart)
        guard begin >= 0, end >= begin, !absoluteEnd.overflow, end - begin == byteCount else {
            throw TransformerError(
                .invalidTensor,
                "\(file): tensor \(name) of shape \(shape) and type \(type) needs \(byteCount) bytes "
                    + "but its data_offsets are [\(begin), \(end)]; write the file again.")
        }
        return SafetensorsFile.Tensor(
            name: name, type: type, shape: shape, byteRange: dataStart + begin..<absoluteEnd.partialValue)
    }

    /// Tensors must cover the data from first to last byte without holes and without overlap.
    private static func checkCoverage(
        _ tensors: [SafetensorsFile.Tensor], dataStart: Int, dataEnd: Int, file: String
    ) throws(TransformerError) {
        var position = dataStart
        for tensor in tensors {
            guard tensor.byteRange.upperBound <= dataEnd else {
                throw TransformerError(
                    .invalidFile,
                    "\(file) is truncated: tensor \(tensor.name) ends at byte \(tensor.byteRange.upperBound) "
                        + "but the file has \(dataEnd); copy it again.")
            }
            guard tensor.byteRange.lowerBound == position else {
                let overlaps = tensor.byteRange.lowerBound < position
                let fault = overlaps ? "overlaps the one before it" : "leaves a hole before it"
                throw TransformerError(
                    .invalidTensor, "\(file): the data of tensor \(tensor.name) \(fault); write the file again.")
            }
            position = tensor.byteRange.upperBound
        }
        guard position == dataEnd else {
            throw TransformerError(
                .invalidFile,
                "\(file): \(dataEnd - position) bytes after the last tensor belong to none; write the file again.")
        }
    }
}
