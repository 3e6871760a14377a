-- How often does each agent give no valid answer? Illegal moves, empty and unfinished answers, faults of programs and servers, round by round.
SELECT rooms.round, policies.agent, count(*) AS rollouts, sum(rollouts.forfeit IS 'illegal') AS illegal,
    sum(rollouts.forfeit IS 'empty') AS empty, sum(rollouts.forfeit IS 'unfinished') AS unfinished,
    coalesce(sum(rollouts.forfeit NOT IN ('illegal', 'empty', 'unfinished')), 0) AS faults, max(rollouts.reason) AS reason,
    round(100.0 * count(rollouts.forfeit) / count(*), 1) AS percent
FROM rooms
JOIN rollouts ON rollouts.room_id = rooms.id
JOIN policies ON policies.id = rollouts.policy_id
WHERE rooms.run_id = (SELECT max(id) FROM runs)
GROUP BY rooms.round, policies.agent
ORDER BY rooms.round, policies.agent;
