import Foundation

// In a game the middle one of the legal moves, to a prompt its digits in order.
func answer(_ question: [String: Any]) -> String {
    if let moves = question["moves"] as? [String] { return moves[moves.count / 2] }
    return String((question["prompt"] as? String ?? "").filter(\.isNumber).sorted())
}

while let line = readLine() {
    guard let message = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else { continue }
    var reply: [String: Any] = ["agon": 1]
    if let id = message["id"] { reply = ["id": id, "text": answer(message)] }
    let data = try JSONSerialization.data(withJSONObject: reply)
    FileHandle.standardOutput.write(data + Data("\n".utf8))
}
