import AgonCore
import Foundation

/// Requests and replies as the bytes of OpenAI's chat completions.
enum ChatWire {
    /// The request's body. Equal requests have equal bodies, so it is also what a cache goes by.
    static func body(_ request: ChatRequest, _ settings: ChatSettings, form: StructuredOutput) -> String {
        let isHeld = request.schema != nil && form != .none
        let messages = isHeld ? request.messages : request.plainMessages ?? request.messages
        let list = messages.map { "{\"role\":\"\($0.role.rawValue)\",\"content\":\(quoted($0.content))}" }
        var fields = [
            "\"model\":\(quoted(settings.model))", "\"messages\":[\(list.joined(separator: ","))]",
            "\"max_tokens\":\(request.maxTokens)",
        ]
        if let temperature = settings.temperature { fields.append("\"temperature\":\(temperature)") }
        if let topP = settings.topP { fields.append("\"top_p\":\(topP)") }
        if let seed = request.seed { fields.append("\"seed\":\(seed)") }
        if !settings.stop.isEmpty { fields.append("\"stop\":[\(settings.stop.map(quoted).joined(separator: ","))]") }
        if request.topLogprobs > 0 { fields.append("\"logprobs\":true,\"top_logprobs\":\(request.topLogprobs)") }
        if let schema = request.schema, isHeld {
            let held = form == .jsonObject
                ? "{\"type\":\"json_object\"}"
                : "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\(quoted(schema.name)),\"strict\":true,\"schema\":\(schema.json)}}"
            fields.append("\"response_format\":\(held)")
        }
        return "{\(fields.joined(separator: ","))}"
    }

    /// A text as a JSON string.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// What a reply says beside its text.
    struct Reading {
        var reply: ChatReply
        var promptTokenCount: Int
        var completionTokenCount: Int
    }

    /// Why a reply cannot be read.
    struct Unreadable: Error {
        var reason: String
    }

    /// Reads the body of a reply with status 200.
    /// - Throws: `Unreadable` where it is not what chat completions return.
    static func read(_ reply: HTTPReply) throws(Unreadable) -> Reading {
        if let type = reply.headers["content-type"] {
            let media = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
            guard media == "application/json" || media.hasSuffix("+json") else {
                throw Unreadable(reason: "a reply of type \(excerpt(type)) instead of application/json")
            }
        }
        let object: Any
        do {
            object = try JSONSerialization.jsonObject(with: reply.body)
        } catch {
            throw Unreadable(reason: "a reply that is not JSON")
        }
        guard let root = object as? [String: Any], let choice = (root["choices"] as? [Any])?.first as? [String: Any],
            let message = choice["message"] as? [String: Any]
        else { throw Unreadable(reason: "JSON without `choices[0].message`") }
        let content = message["content"]
        guard content == nil || content is NSNull || content is String else {
            throw Unreadable(reason: "JSON whose `choices[0].message.content` is no text")
        }
        let usage = root["usage"] as? [String: Any]
        return Reading(
            reply: ChatReply(
                text: content as? String ?? "", finish: choice["finish_reason"] as? String,
                firstToken: firstToken(choice)),
            promptTokenCount: count(usage?["prompt_tokens"]), completionTokenCount: count(usage?["completion_tokens"]))
    }

    /// A server's own word for what is wrong, fit to stand in a sentence; nil where it gave none.
    static func problem(_ reply: HTTPReply) -> String? {
        let object = reply.body.count > 65_536 ? nil : try? JSONSerialization.jsonObject(with: reply.body)
        let root = object as? [String: Any]
        let words = (root?["error"] as? [String: Any])?["message"] ?? root?["error"] ?? root?["message"] ?? root?["detail"]
        return (words as? String).map(excerpt)
    }

    /// The alternatives of the first token, likeliest first; a token that is listed twice counts once.
    private static func firstToken(_ choice: [String: Any]) -> [TokenChance] {
        guard let logprobs = choice["logprobs"] as? [String: Any],
            let first = (logprobs["content"] as? [Any])?.first as? [String: Any]
        else { return [] }
        let listed = (first["top_logprobs"] as? [Any] ?? []) + [first]
        var seen: Set<String> = []
        return listed.prefix(64).compactMap { item -> TokenChance? in
            guard let item = item as? [String: Any], let token = item["token"] as? String,
                let logprob = item["logprob"] as? Double, logprob <= 0.001, seen.insert(token).inserted
            else { return nil }
            return TokenChance(token: token, probability: min(1, exp(logprob)))
        }.sorted { $0.probability > $1.probability }
    }

    private static func count(_ value: Any?) -> Int {
        guard let value = value as? Double, value >= 0, value < 1e12 else { return 0 }
        return Int(value)
    }

    /// The beginning of a foreign text, on one line and without control characters.
    static func excerpt(_ text: String) -> String {
        let visible = text.unicodeScalars.prefix(240).map { scalar -> Character in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse: " "
            default: Character(scalar)
            }
        }
        return String(visible).split(separator: " ").joined(separator: " ") + (text.unicodeScalars.count > 240 ? "…" : "")
    }
}
