import AgonCore

extension PairingSequence {
    /// Meetings of two, each with its return: one prompt, the seats changed. Groups are numbered from 0.
    ///
    /// - Parameter count: how many meetings there are.
    /// - Parameter start: begins a walk over them.
    init(meetingCount count: Int, start: @escaping @Sendable () -> AnyIterator<Meeting>) {
        self.init(count: 2 * count) {
            let meetings = start()
            var group = 0
            var back: Pairing?
            return AnyIterator {
                if let pairing = back {
                    back = nil
                    return pairing
                }
                guard let meeting = meetings.next() else { return nil }
                back = Pairing(
                    seats: [meeting.away, meeting.home], group: group,
                    versions: meeting.awayVersion == nil ? [] : [meeting.awayVersion, nil])
                defer { group += 1 }
                return Pairing(
                    seats: [meeting.home, meeting.away], group: group,
                    versions: meeting.awayVersion == nil ? [] : [nil, meeting.awayVersion])
            }
        }
    }

    /// Each meeting so many times with its return, the first seat of the first game changing from turn to turn.
    init(_ meetings: [Meeting], times: Int) {
        self.init(meetingCount: meetings.count * times) {
            var index = 0
            return AnyIterator {
                guard index < meetings.count * times else { return nil }
                defer { index += 1 }
                let (turn, place) = index.quotientAndRemainder(dividingBy: meetings.count)
                return turn.isMultiple(of: 2) ? meetings[place] : meetings[place].turned
            }
        }
    }
}

/// Two agents that play a prompt and its return. `away` may be one of its past versions; `home` is always its newest.
struct Meeting: Sendable, Hashable {
    var home: String
    var away: String
    var awayVersion: Int?

    /// The same with the first seat changed; not for past versions.
    var turned: Meeting { Meeting(home: away, away: home) }
}

/// Rooms are played in twos, so that odd numbers are rounded up.
func meetingCount(rooms: Int) -> Int { rooms / 2 + rooms % 2 }
