/// A fraction of two integers in lowest terms, the denominator positive. Nothing is rounded: what does not fit throws.
struct Fraction: Hashable {
    /// Why there is no value.
    enum Fault: Error {
        /// A number is too large for 64 bits.
        case overflow
        /// The operation has no value: division by zero, a root.
        case undefined
    }

    let numerator: Int
    let denominator: Int

    init(_ whole: Int) {
        numerator = whole
        denominator = 1
    }

    init(_ numerator: Int, over denominator: Int) throws(Fault) {
        guard denominator != 0 else { throw .undefined }
        let divisor = Fraction.greatestDivisor(numerator.magnitude, denominator.magnitude)
        let (top, bottom) = (numerator.magnitude / divisor, denominator.magnitude / divisor)
        guard let unsigned = Int(exactly: top), let below = Int(exactly: bottom) else { throw .overflow }
        self.numerator = (numerator < 0) == (denominator < 0) ? unsigned : -unsigned
        self.denominator = below
    }

    private static func greatestDivisor(_ one: UInt, _ other: UInt) -> UInt {
        var (large, small) = (one, other)
        while small != 0 { (large, small) = (small, large % small) }
        return max(large, 1)
    }

    private static func product(_ left: Int, _ right: Int) throws(Fault) -> Int {
        let (value, isOver) = left.multipliedReportingOverflow(by: right)
        guard !isOver else { throw .overflow }
        return value
    }

    func plus(_ other: Fraction) throws(Fault) -> Fraction {
        let (sum, isOver) = try Fraction.product(numerator, other.denominator)
            .addingReportingOverflow(Fraction.product(other.numerator, denominator))
        guard !isOver else { throw .overflow }
        return try Fraction(sum, over: Fraction.product(denominator, other.denominator))
    }

    func negated() throws(Fault) -> Fraction {
        guard numerator != .min else { throw .overflow }
        return try Fraction(-numerator, over: denominator)
    }

    /// Crosswise in lowest terms first, so that only true overflows overflow.
    func times(_ other: Fraction) throws(Fault) -> Fraction {
        let one = try Fraction(numerator, over: other.denominator)
        let two = try Fraction(other.numerator, over: denominator)
        return try Fraction(
            Fraction.product(one.numerator, two.numerator), over: Fraction.product(one.denominator, two.denominator))
    }

    func divided(by other: Fraction) throws(Fault) -> Fraction {
        try times(Fraction(other.denominator, over: other.numerator))
    }

    /// This to a whole power. Zero to the zero is 1, as for integers everywhere.
    func raised(to power: Fraction) throws(Fault) -> Fraction {
        guard power.denominator == 1 else { throw .undefined }
        if power.numerator < 0 {
            return try Fraction(1).divided(by: self).raised(to: power.negated())
        }
        if denominator == 1, numerator.magnitude <= 1 {
            if numerator == -1 { return Fraction(power.numerator % 2 == 0 ? 1 : -1) }
            return power.numerator == 0 ? Fraction(1) : self
        }
        var result = Fraction(1)
        // 2^63 is over; so is whatever comes after 63 factors.
        for _ in 0..<min(power.numerator, 64) { result = try result.times(self) }
        return result
    }
}
