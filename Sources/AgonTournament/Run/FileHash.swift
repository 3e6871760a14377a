import AgonTransformer
import Crypto
import Foundation

/// SHA-256 of files, in lowercase hexadecimal.
enum FileHash {
    private static let blockSize = 1 << 22

    /// The hash over the weights of a folder: of `model.safetensors` or an adapter's `adapter_model.safetensors`, or of
    /// the index and then each shard by name.
    static func weights(in folder: String) throws(TournamentError) -> String {
        let single = folder + (Adapter.isAdapterFolder(folder) ? "/adapter_model.safetensors" : "/model.safetensors")
        guard !FileManager.default.fileExists(atPath: single) else { return hexadecimal(try hash([single])) }
        do {
            let shards = try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix(".safetensors") }.sorted()
            return hexadecimal(try hash((["model.safetensors.index.json"] + shards).map { "\(folder)/\($0)" }))
        } catch let error as TournamentError {
            throw error
        } catch {
            throw unreadable(folder, error)
        }
    }

    /// What else of a model folder decides: a hash over how the weights are read and what its tokens are, and the
    /// format that the weights are held in, where it rounds them.
    static func form(in folder: String, weights: WeightFormat) throws(TournamentError) -> String {
        let names = ["config.json", "generation_config.json", "tokenizer.json"]
        let files = names.map { "\(folder)/\($0)" }.filter { FileManager.default.fileExists(atPath: $0) }
        return hexadecimal(try hash(files)) + (weights == .float32 ? "" : " \(weights.rawValue)")
    }

    /// The hash over some files, one after another.
    static func files(_ paths: [String]) throws(TournamentError) -> String { hexadecimal(try hash(paths)) }

    /// Reads block by block: weights may be larger than the memory that is free.
    private static func hash(_ paths: [String]) throws(TournamentError) -> SHA256.Digest {
        var hasher = SHA256()
        for path in paths {
            do {
                let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
                while let block = try file.read(upToCount: blockSize), !block.isEmpty { hasher.update(data: block) }
                try file.close()
            } catch {
                throw unreadable(path, error)
            }
        }
        return hasher.finalize()
    }

    private static func unreadable(_ path: String, _ error: any Error) -> TournamentError {
        TournamentError(.configuration, "\(path) cannot be read: check that it is there and its permissions.", underlying: error)
    }

    static func hexadecimal(_ digest: SHA256.Digest) -> String {
        digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
