-- Who leads the latest run? A rank is 1 plus the number of agents whose whole interval (low, high) lies above; '='
-- marks one that is shared. Agents whose intervals overlap have not been told apart, whatever their ranks.
SELECT rank || iif(count(*) OVER (PARTITION BY rank) > 1, '=', '') AS rank, agent, role, 'v' || version AS version,
    round(rating) AS rating, round(low) AS low, round(high) AS high, wins, draws, losses, forfeits
FROM standings
WHERE run_id = (SELECT max(id) FROM runs)
ORDER BY standings.rating DESC, agent;
