/// The paragraphs that explain, said alike in every format.
enum ReportProse {
    /// How to read a rating.
    static let reading = """
        A rating is an estimate on the Elo scale: 100 points more mean a score of 64% in a match, 200 points 76%, \
        400 points 91%. The number after ± is half the 95% interval, and the rating is rarely outside of it. The ratings are \
        Bradley–Terry estimates over all matches, held in place by the anchors, which never change, so a gain is a \
        gain over them. Elo is the running score that forgets: it follows an agent's last matches.
        """

    /// What the leaderboard's columns stand on.
    static let leaderboard = """
        Ratings are on the Elo scale, each with its 95% interval. A rank is the range that the intervals leave open: from 1 \
        plus the number of agents whose whole interval lies above, to the last less those whose whole interval lies below. The version is the one that played the last round, of which the rating is; one that was \
        promoted after it has no matches yet, only held-out measures.
        """

    /// How to read the matrix.
    static let headToHead = "The score of the agent in the row against the agent in the column: wins count 1, draws ½."

    /// Why the judge is watched.
    static let judge = """
        The judge is a model and can be wrong, and agents that are trained to please it find out where. So some rooms \
        of every round have a known answer. Solid is what the judge believes, dashed what gold says of the same rooms: \
        when belief climbs and gold does not follow, the agents are learning to fool the judge.
        """

    /// What the gate does.
    static let gate = """
        Every trained candidate plays its parent on held-out prompts. A tall bar is a candidate that became the next \
        version, a short one a candidate that was dropped.
        """

    /// What held-out means.
    static let learning = """
        Measured on prompts that are never trained on, with 95% intervals. Gold decides here, not the judge.
        """
}
