-- Who beats whom? Wins, draws and losses of each agent against each other one over all rounds of the latest run, and
-- the share of the points that it took. An agent against its own versions is left out.
WITH points AS (
    SELECT one.name AS agent, other.name AS opponent, score
    FROM rooms
    JOIN matches ON matches.room_id = rooms.id
    JOIN versions AS one ON one.id = first_policy_id
    JOIN versions AS other ON other.id = second_policy_id
    WHERE rooms.run_id = (SELECT max(id) FROM runs)
    UNION ALL
    SELECT one.name, other.name, 1 - score
    FROM rooms
    JOIN matches ON matches.room_id = rooms.id
    JOIN versions AS one ON one.id = second_policy_id
    JOIN versions AS other ON other.id = first_policy_id
    WHERE rooms.run_id = (SELECT max(id) FROM runs)
)
SELECT agent, opponent, sum(score > 0.5) AS wins, sum(score = 0.5) AS draws, sum(score < 0.5) AS losses,
    round(100 * avg(score), 1) AS percent
FROM points
WHERE agent <> opponent
GROUP BY agent, opponent
ORDER BY agent, opponent;
