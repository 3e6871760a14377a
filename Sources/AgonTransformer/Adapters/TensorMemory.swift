/// Named float32 tensors in one owned memory, which an optimiser changes: a model's weights or an adapter's.
public protocol TensorMemory: AnyObject, Sendable {
    /// The tensors in the order of their offsets, without holes.
    var tensors: [ParameterLayout.Tensor] { get }
    /// The whole memory.
    ///
    /// A bare pointer: it does not keep its owner alive. Hold the object in a variable while using it, and never
    /// read it from an expression's temporary; `withValues` is safe everywhere.
    var values: UnsafeMutableBufferPointer<Float> { get }
    /// The tensor of that name, or nil.
    func tensor(named name: String) -> ParameterLayout.Tensor?
    /// Zeros of the same tensors, for a gradient or an optimiser's moment.
    func zeros() -> any TensorMemory
}

extension TensorMemory {
    /// Calls the closure with the whole memory, which stays alive during the call.
    public func withValues<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(values) }
    }

    /// The memory of one tensor; see `values` for how long it lasts.
    public func memory(of tensor: ParameterLayout.Tensor) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: values[tensor.offset..<tensor.offset + tensor.count])
    }

    /// The memory of the tensor of that name, or nil where there is none.
    public subscript(name: String) -> UnsafeMutableBufferPointer<Float>? { tensor(named: name).map(memory(of:)) }

    /// Calls the closure once for each tensor, in the order of the memory, with the part to fill.
    public func fill(_ body: (ParameterLayout.Tensor, UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
        for tensor in tensors { try body(tensor, memory(of: tensor)) }
    }

    /// Sets every element, as before a new gradient is accumulated.
    public func setAll(to value: Float) { values.update(repeating: value) }

    /// The first element of the memory.
    var base: UnsafeMutablePointer<Float> { values.baseAddress! }
}
