-- What did the newest trained version learn from? Every preference pair of its agent in the round that made it,
-- with both answers. Put an agent and a version in place of the subquery to see another.
WITH made AS (
    SELECT updates.run_id, updates.round, policies.agent, policies.policy
    FROM updates JOIN policies ON policies.id = updates.to_policy_id
    ORDER BY updates.id DESC LIMIT 1
)
SELECT made.policy, pairs.round, pairs.prompt_id, winner.policy AS chosen_policy, chosen.text AS chosen,
    loser.policy AS rejected_policy, rejected.text AS rejected, pairs.judge || '@v' || pairs.judge_version AS judge
FROM made
JOIN pairs ON pairs.run_id = made.run_id AND pairs.round = made.round
JOIN policies AS winner ON winner.id = pairs.chosen_policy_id
JOIN policies AS loser ON loser.id = pairs.rejected_policy_id
JOIN rollouts AS chosen ON chosen.room_id = pairs.chosen_room_id AND chosen.seat = pairs.chosen_seat
JOIN rollouts AS rejected ON rejected.room_id = pairs.rejected_room_id AND rejected.seat = pairs.rejected_seat
WHERE made.agent IN (winner.agent, loser.agent)
ORDER BY pairs.id;
