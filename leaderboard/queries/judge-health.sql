-- How right is the judge still? Its accuracy on rooms with gold answers, round by round. Where the score that it
-- believes in rises and the gold score does not, the agents have found out what it overrates. It is trusted, and
-- updates are promoted, while over_window (the canary pairs of the last judge.window rounds) is judge.min_accuracy or more.
SELECT round, judge || '@v' || judge_version AS judge, canary_pair_count, round(accuracy, 3) AS accuracy,
    round(low, 3) AS low, round(high, 3) AS high, round(refreshed_accuracy, 3) AS refreshed,
    round(tie_rate, 3) AS tie_rate, round(void_rate, 3) AS void_rate, round(believed_score, 3) AS believed_score,
    round(gold_score, 3) AS gold_score, round(window_accuracy, 3) AS over_window, iif(is_trusted, 'yes', 'no') AS trusted
FROM judge_health
WHERE run_id = (SELECT max(id) FROM runs)
ORDER BY round;
