-- Which trainings were promoted, and why? The gate is a match of the candidate against its parent on prompts that
-- nobody trained on; the last columns say how the training itself went.
SELECT updates.round, parent.policy AS parent, coalesce(child.policy, 'kept') AS became, updates.decision,
    round(gate_score, 3) AS gate_score, round(gate_low, 3) AS low, round(gate_high, 3) AS high, gate_count,
    pair_count, step_count,
    round(max(value) FILTER (WHERE name = 'loss'), 4) AS loss,
    round(max(value) FILTER (WHERE name = 'rewards/accuracies'), 3) AS accuracy,
    round(max(value) FILTER (WHERE name = 'kl_to_base/k2'), 4) AS kl_to_base_k2
FROM updates
JOIN policies AS parent ON parent.id = updates.from_policy_id
LEFT JOIN policies AS child ON child.id = updates.to_policy_id
LEFT JOIN update_metrics ON update_metrics.update_id = updates.id
WHERE updates.run_id = (SELECT max(id) FROM runs)
GROUP BY updates.id
ORDER BY updates.id;
