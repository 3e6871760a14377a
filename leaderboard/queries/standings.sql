-- Who leads the latest run? A rank is the range that the intervals (low, high) leave open: from 1 plus the agents that lie
-- wholly above, to the last less those wholly below. Agents whose intervals overlap have not been told apart.
WITH latest AS (SELECT *, count(*) OVER () AS agents FROM standings WHERE run_id = (SELECT max(id) FROM runs)),
    ranked AS (SELECT *, agents - (SELECT count(*) FROM latest AS other WHERE other.high < latest.low) AS last FROM latest)
SELECT rank || iif(last > rank, '–' || last, '') AS rank, agent, role, 'v' || version AS version,
    round(rating) AS rating, round(low) AS low, round(high) AS high, wins, draws, losses, forfeits
FROM ranked
ORDER BY ranked.rating DESC, agent;
