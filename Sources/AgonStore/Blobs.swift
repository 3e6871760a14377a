internal import Foundation

/// Arrays of a rollout as bytes: the same on every machine, a quarter of their JSON.
enum Blobs {
    /// 32-bit little-endian integers.
    static func encode(_ values: [Int32]) -> Data {
        values.map(\.littleEndian).withUnsafeBytes { Data($0) }
    }

    /// 32-bit little-endian floats, bit for bit, also where they are not numbers.
    static func encode(_ values: [Float]) -> Data {
        values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
    }

    /// One bit per mark, the first in the lowest bit of the first byte; unused bits are 0.
    static func encode(_ marks: [Bool]) -> Data {
        var bytes = [UInt8](repeating: 0, count: (marks.count + 7) / 8)
        for (index, mark) in marks.enumerated() where mark { bytes[index >> 3] |= 1 << UInt8(index & 7) }
        return Data(bytes)
    }

    /// Nil where the length is not a multiple of four bytes.
    static func integers(_ data: Data) -> [Int32]? {
        words(data)?.map { Int32(bitPattern: $0) }
    }

    /// Nil where the length is not a multiple of four bytes.
    static func floats(_ data: Data) -> [Float]? {
        words(data)?.map { Float(bitPattern: $0) }
    }

    /// Nil where the bytes are not as many as `count` bits need.
    static func marks(_ data: Data, count: Int) -> [Bool]? {
        guard count >= 0, data.count == (count + 7) / 8 else { return nil }
        let bytes = [UInt8](data)
        return (0..<count).map { bytes[$0 >> 3] >> UInt8($0 & 7) & 1 == 1 }
    }

    private static func words(_ data: Data) -> [UInt32]? {
        guard data.count.isMultiple(of: 4) else { return nil }
        return data.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
            (0..<bytes.count / 4).map {
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
            }
        }
    }
}
