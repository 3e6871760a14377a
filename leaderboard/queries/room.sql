-- One room with everything: who sat where, what they answered, how they were ranked, and each verdict with its
-- seats. It shows the last room that was saved; put a room's id in place of the subquery to see another.
SELECT rooms.round, rooms.room, rooms.prompt_id, rooms.prompt, rooms.reference,
    rooms.judge || '@v' || rooms.judge_version AS judge, rollouts.seat, policies.policy, rollouts.text,
    rollouts.own_count AS token_count, rollouts.finish, rollouts.forfeit, rollouts.gold, rollouts.score,
    rollouts.rank,
    (
        SELECT group_concat(first || ' against ' || second || ': ' || verdict || iif(by_rule, ' (by rule)', ''), '; ')
        FROM verdicts
        WHERE verdicts.room_id = rooms.id AND rollouts.seat IN (first, second)
    ) AS verdicts
FROM rooms
JOIN rollouts ON rollouts.room_id = rooms.id
JOIN policies ON policies.id = rollouts.policy_id
WHERE rooms.id = (SELECT max(id) FROM rooms)
ORDER BY rollouts.seat;
