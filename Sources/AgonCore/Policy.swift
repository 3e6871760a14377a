/// How a policy draws its tokens. Names and order are the field's: repetition_penalty, temperature, top_k, top_p, min_p,
/// typical_p.
public struct SamplingOptions: Sendable, Hashable, Codable {
    /// Divides the logits; 0 takes the likeliest token always.
    public var temperature: Double
    /// Keeps the k likeliest tokens and their ties; 0 keeps all.
    public var topK: Int
    /// Keeps the smallest set of likeliest tokens whose probability reaches this, at least one; 1 keeps all.
    public var topP: Double
    /// Keeps tokens at least this share as likely as the likeliest; 0 keeps all.
    public var minP: Double
    /// Keeps the smallest set of tokens, the most typical first, whose probability reaches this, at least one; 1 keeps
    /// all. How untypical a token is: |−log p − H|, with H the entropy of what the other filters have kept.
    /// Meister et al. 2022, arXiv:2202.00666.
    public var typicalP: Double
    /// What has been said, in the prompt or since, is made rarer before everything else: its logits above zero are
    /// divided by this, the others multiplied; 1 leaves them. Keskar et al. 2019, arXiv:1909.05858, §4.1.
    public var repetitionPenalty: Double

    public init(
        temperature: Double = 1, topK: Int = 0, topP: Double = 1, minP: Double = 0, typicalP: Double = 1,
        repetitionPenalty: Double = 1
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.typicalP = typicalP
        self.repetitionPenalty = repetitionPenalty
    }

    /// The likeliest token always.
    public static let greedy = SamplingOptions(temperature: 0)
}

/// One turn after the prompt. Own turns keep the ids that were generated.
public enum Turn: Sendable, Hashable, Codable {
    case own(tokens: [Int32], text: String)
    case other(text: String)

    public var text: String {
        switch self {
        case .own(_, let text), .other(let text): text
        }
    }
}

/// One question to a policy: a prompt, and in a game what was played since.
public struct PolicyRequest: Sendable, Hashable {
    /// The prompt's text.
    public var prompt: String
    /// The messages that the text stands for; nil for a plain text, and in games.
    public var conversation: Conversation?
    /// The turns since, own and foreign, in order; empty for a plain question.
    public var turns: [Turn]
    /// The most tokens the answer may have.
    public var maxNewTokens: Int
    /// The address of every draw that this answer makes.
    public var seed: Seed
    /// The moves that a game allows now, for policies from outside; empty for a plain question.
    public var legalMoves: [String]
    /// Stands for the room, the same in all of its questions and in no other room; tells neither round nor agents.
    public var room: UInt64
    /// Who in the room is asked, from 0.
    public var seat: Int
    /// What a stage's text is made of, for policies that are rules; nil where there are no stages.
    public var stage: StageView?

    public init(
        prompt: String, conversation: Conversation? = nil, turns: [Turn] = [], maxNewTokens: Int, seed: Seed,
        legalMoves: [String] = [], room: UInt64 = 0, seat: Int = 0, stage: StageView? = nil
    ) {
        self.prompt = prompt
        self.conversation = conversation
        self.turns = turns
        self.maxNewTokens = maxNewTokens
        self.seed = seed
        self.legalMoves = legalMoves
        self.room = room
        self.seat = seat
        self.stage = stage
    }
}

/// What one seat is shown at a stage.
public struct StageView: Sendable, Hashable {
    public var kind: StageKind
    /// The table's prompt.
    public var prompt: String
    /// What the others said at the stage before, in the order of their labels A, B, C …
    public var peers: [String]

    public init(kind: StageKind, prompt: String, peers: [String] = []) {
        self.kind = kind
        self.prompt = prompt
        self.peers = peers
    }
}

/// Why generation ended.
public enum FinishReason: String, Sendable, Codable {
    /// The policy ended its answer.
    case stop
    /// The token limit ended it.
    case length
}

/// Why there is no answer.
public struct AnswerFailure: Sendable, Hashable {
    public var forfeit: Forfeit
    /// What happened, for people: a few words that could follow the agent's name.
    public var reason: String

    public init(_ forfeit: Forfeit, _ reason: String) {
        self.forfeit = forfeit
        self.reason = reason
    }
}

/// What a policy answered.
public struct PolicyResponse: Sendable, Hashable {
    public var text: String
    /// The generated ids, end token included where it came; empty for policies without tokens.
    public var tokens: [Int32]
    /// The ids of everything before the answer, as the policy saw them; empty for policies without tokens.
    public var context: [Int32]
    /// log p of each generated token in nats, untempered and unfiltered, `[tokens.count]`.
    public var logProbs: [Float]
    public var finish: FinishReason
    /// Why a policy from outside gave no answer; nil where it gave one.
    public var failure: AnswerFailure?
    /// What the answer cost; nil where nothing was asked of anybody outside.
    public var usage: JudgeUsage?

    public init(
        text: String, tokens: [Int32] = [], context: [Int32] = [], logProbs: [Float] = [], finish: FinishReason = .stop,
        failure: AnswerFailure? = nil, usage: JudgeUsage? = nil
    ) {
        self.text = text
        self.tokens = tokens
        self.context = context
        self.logProbs = logProbs
        self.finish = finish
        self.failure = failure
        self.usage = usage
    }
}

/// What answers: prompt → completion. One version of an agent.
///
/// A policy is pure: the same request gets the same response, whatever else is in the batch, in whatever
/// order, on however many threads. The laws are tested on every conformer.
public protocol Policy: Sendable {
    var id: PolicyID { get }
    /// One response per request, in the order of the requests.
    /// - Throws: faults of the world only. An answer that is wrong, empty or illegal is a response.
    func respond(to requests: [PolicyRequest]) async throws -> [PolicyResponse]
}

/// A policy whose answers come from outside this process: a program, a server. It never learns.
///
/// What it does wrong costs its own seat and nothing else: a failure is a response. One that fails too often in a row is
/// lost: all its later answers are failures too, and nobody waits for them.
public protocol OutsidePolicy: Policy {
    /// The most rooms that it can be in at a time; nil where there is no bound.
    var roomLimit: Int? { get }
    /// These rooms are over.
    func end(rooms: [UInt64]) async
    /// Ends whatever it has started.
    func stop() async
}
