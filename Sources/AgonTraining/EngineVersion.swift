/// The version of the arithmetic of training.
public enum EngineVersion {
    /// Raised by whoever changes what an update computes, to the bit, on any kernel path. Proofs name it, so that an update
    /// of another version is not taken for a forged one; a test holds the bits of one small update against it.
    public static let number = 1
}
