import AgonTransformer
import Foundation

/// AdamW over all parameters of a model or an adapter, with the gradient's global norm clipped.
///
/// The order within a step: decay p ← p·(1 − lr·decay), moments, p ← p − lr·m̂/(√v̂ + ε), with bias corrections
/// 1 − βᵗ, t from 1. Norm weights are not decayed; the embedding, all matrices and an adapter's magnitudes are.
///
/// - Source: Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2.
struct AdamW {
    /// Neighbouring tensors with the same decay.
    private struct Span {
        var range: Range<Int>
        let isDecayed: Bool
    }

    private let options: AdamWOptions
    private let kernels: Kernels
    /// The moments m and v, for saving.
    let mean: any TensorMemory
    let meanSquare: any TensorMemory
    private let spans: [Span]
    /// Steps taken, t of the bias corrections; set again when a run is resumed.
    var stepCount = 0

    /// Moments of zero for what is trained.
    init(_ trained: any TensorMemory, _ options: AdamWOptions, kernels: Kernels) {
        self.options = options
        self.kernels = kernels
        mean = trained.zeros()
        meanSquare = trained.zeros()
        var spans: [Span] = []
        for tensor in mean.tensors {
            let isDecayed = options.weightDecay > 0 && (tensor.shape.count > 1 || tensor.isMagnitude)
            let end = tensor.offset + tensor.count
            if let last = spans.last, last.isDecayed == isDecayed {
                spans[spans.count - 1].range = last.range.lowerBound..<end
            } else {
                spans.append(Span(range: tensor.offset..<end, isDecayed: isDecayed))
            }
        }
        self.spans = spans
    }

    /// Changes the parameters by one step.
    ///
    /// - Parameter gradient: the mean gradient of the batch, unclipped; left as it is.
    /// - Returns: the gradient's global L2 norm before clipping.
    /// - Throws: `nonFiniteLoss` where that norm is not finite; the parameters are untouched then.
    mutating func step(
        _ parameters: any TensorMemory, gradient: any TensorMemory, learningRate: Double
    ) throws(TrainingError) -> Double {
        let norm = kernels.sumOfSquares(gradient.values).squareRoot()
        guard norm.isFinite else {
            throw TrainingError(
                .nonFiniteLoss, "The gradient of step \(stepCount + 1) has the norm \(norm).")
        }
        stepCount += 1
        let scale = options.maxGradNorm > 0 ? min(1, options.maxGradNorm / (norm + 1e-6)) : 1
        let corrections = (
            Float(1 - pow(options.beta1, Double(stepCount))), Float(1 - pow(options.beta2, Double(stepCount)))
        )
        for span in spans {
            func slice(_ owner: any TensorMemory) -> UnsafeMutableBufferPointer<Float> {
                UnsafeMutableBufferPointer(rebasing: owner.values[span.range])
            }
            kernels.adamW(
                slice(parameters), gradient: slice(gradient), mean: slice(mean), meanSquare: slice(meanSquare),
                gradientScale: Float(scale), learningRate: Float(learningRate), beta1: Float(options.beta1),
                beta2: Float(options.beta2), epsilon: Float(options.epsilon),
                decay: span.isDecayed ? Float(options.weightDecay) : 0, corrections: corrections)
        }
        return norm
    }
}
