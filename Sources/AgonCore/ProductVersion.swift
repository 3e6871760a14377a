/// The version of Agon, which the changelog counts by.
public enum ProductVersion {
    /// Unreleased work goes by the release that it leads to.
    public static let text = "0.1.0"
}
