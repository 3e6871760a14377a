/// The weights of a model folder: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
struct WeightFiles: Sendable {
    /// Where one tensor is.
    struct Place: Sendable {
        let file: SafetensorsFile
        let tensor: SafetensorsFile.Tensor
    }

    /// Every tensor of the folder in the order of the files.
    let places: [Place]
    /// The file that messages about the whole set name.
    let path: String
    private let indexByName: [ByteString: Int]

    /// - Throws: `invalidFile` where neither layout is there, or a shard is missing or not as the index says.
    init(folder: String) throws(TransformerError) {
        let single = "\(folder)/model.safetensors"
        let index = "\(folder)/model.safetensors.index.json"
        if DurableFile.exists(single) {
            let file = try SafetensorsFile(path: single)
            self.init(path: single, places: file.tensors.map { Place(file: file, tensor: $0) })
        } else if DurableFile.exists(index) {
            self.init(path: index, places: try Self.shards(folder, index))
        } else if DurableFile.exists("\(folder)/pytorch_model.bin") {
            throw TransformerError(
                .unsupported, "\(folder)/pytorch_model.bin cannot be read; save the model as model.safetensors.")
        } else {
            throw TransformerError(
                .invalidFile, "\(single) is missing; put the model's weights there as a safetensors file.")
        }
    }

    private init(path: String, places: [Place]) {
        self.path = path
        self.places = places
        indexByName = Dictionary(
            uniqueKeysWithValues: places.enumerated().map { (ByteString($0.element.tensor.name), $0.offset) })
    }

    /// The tensor of that name, or nil.
    subscript(name: String) -> Place? { indexByName[ByteString(name)].map { places[$0] } }

    private static func shards(_ folder: String, _ index: String) throws(TransformerError) -> [Place] {
        let reader = try JSONReader(bytes: DurableFile.read(index, limit: 1 << 26), file: index)
        let map = try reader.required("weight_map")
        var files: [ByteString: SafetensorsFile] = [:]
        var places: [Place] = []
        for member in try map.members() {
            let name = try map.at(member.key.text, member.value).string()
            guard let first = name.bytes.first, first != UInt8(ascii: "."),
                !name.bytes.contains(UInt8(ascii: "/"))
            else {
                throw TransformerError(
                    .invalidFile, "\(index): \"\(name.text)\" is not the name of a file in this folder; correct it.")
            }
            let file: SafetensorsFile
            if let open = files[name] {
                file = open
            } else {
                file = try SafetensorsFile(path: "\(folder)/\(name.text)")
                files[name] = file
            }
            guard let tensor = file[member.key.text] else {
                throw TransformerError(
                    .invalidTensor,
                    "\(file.path) has no tensor \(member.key.text), which \(index) places there; copy both again.")
            }
            places.append(Place(file: file, tensor: tensor))
        }
        return places
    }
}
