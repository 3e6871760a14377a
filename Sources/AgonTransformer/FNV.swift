/// FNV-1a over 32-bit words: finds mistakes, not malice.
enum FNV {
    static let start: UInt64 = 0xCBF2_9CE4_8422_2325

    static func hash(_ start: UInt64, _ words: UnsafePointer<Float>, _ count: Int) -> UInt64 {
        var value = start
        for index in 0..<count { value = (value ^ UInt64(words[index].bitPattern)) &* 0x0000_0100_0000_01B3 }
        return value
    }
}
