import AgonConnections
import Testing

@Suite struct ConnectionErrorTests {
    @Test("an error prints its sentence alone")
    func sentence() {
        let error = ConnectionError(.unreachable, "127.0.0.1:1 does not answer: start the server.")
        #expect("\(error)" == "127.0.0.1:1 does not answer: start the server.")
        #expect(error.code != .refused)
    }
}
