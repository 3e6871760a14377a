-- Who beats whom? Wins, draws and losses of each agent against each other one over all rounds, and the share of
-- the points that it took.
SELECT agent, opponent, wins, draws, losses, round(100 * mean_score, 1) AS percent
FROM head_to_head
WHERE run_id = (SELECT max(id) FROM runs)
ORDER BY agent, opponent;
