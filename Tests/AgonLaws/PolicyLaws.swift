public import AgonCore

/// What every policy must obey, whatever it is made of.
public enum PolicyLaws {
    /// One sentence for each law that a policy breaks on these requests; empty where it keeps them all.
    public static func violations(of policy: any Policy, requests: [PolicyRequest]) async throws -> [String] {
        var violations: [String] = []
        func demand(_ isKept: Bool, _ law: String) {
            if !isKept { violations.append("\(policy.id): \(law)") }
        }
        let batch = try await policy.respond(to: requests)
        demand(batch.count == requests.count, "\(requests.count) requests got \(batch.count) responses")
        guard batch.count == requests.count else { return violations }
        demand(try await policy.respond(to: requests) == batch, "the same requests got other responses")
        let backwards = try await policy.respond(to: requests.reversed())
        demand(backwards == batch.reversed(), "the order of requests shows in the responses")
        demand(try await policy.respond(to: []).isEmpty, "no request got a response")
        for (index, (request, response)) in zip(requests, batch).enumerated() {
            demand(try await policy.respond(to: [request]) == [response], "request \(index) is answered otherwise alone")
            demand(
                response.tokens.count <= request.maxNewTokens,
                "response \(index) has \(response.tokens.count) tokens of \(request.maxNewTokens)")
            demand(response.logProbs.count == response.tokens.count, "response \(index) lacks log-probabilities")
            demand(response.logProbs.allSatisfy { $0 <= 0 && $0.isFinite }, "response \(index) has an impossible log p")
            demand(response.tokens.isEmpty || !response.context.isEmpty, "response \(index) has tokens after nothing")
            demand(
                response.finish == .stop || response.tokens.count == request.maxNewTokens || response.tokens.isEmpty,
                "response \(index) ended for its length before its limit")
        }
        return violations
    }

    /// The ways in which two policies that should be one differ on these requests: more threads, another batch.
    public static func differences(_ one: any Policy, _ other: any Policy, requests: [PolicyRequest]) async throws -> [String] {
        let (left, right) = (try await one.respond(to: requests), try await other.respond(to: requests))
        return zip(left, right).enumerated().filter { $0.element.0 != $0.element.1 }
            .map { "request \($0.offset) got \($0.element.0.text) and \($0.element.1.text)" }
    }
}
