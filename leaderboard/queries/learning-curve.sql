-- Did training help? Each measure of each agent, round by round, with its 95 % interval and count.
SELECT measure, agent, round, 'v' || version AS version, round(value, 3) AS value, round(low, 3) AS low,
    round(high, 3) AS high, count
FROM learning_curve
WHERE run_id = (SELECT max(id) FROM runs)
ORDER BY measure, agent, round;
