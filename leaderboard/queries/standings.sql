-- Who leads the latest run? Two agents whose intervals (low, high) overlap may well be equally strong.
SELECT place, agent, role, 'v' || version AS version, round(rating) AS rating, round(low) AS low,
    round(high) AS high, wins, draws, losses, forfeits
FROM standings
WHERE run_id = (SELECT max(id) FROM runs)
ORDER BY place, agent;
