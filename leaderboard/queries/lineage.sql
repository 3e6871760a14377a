-- What made the newest trained version, by its own update and those of its ancestors? Each answer that was learned from,
-- whose it was, to which prompt, and who judged it. Put an agent and a version in place of the subquery to see another;
-- a condition on source_agent, judge, prompt_id or round and room in its place names the versions that depend on it.
SELECT policy, made, round, position, side, room, seat, source, prompt_id, judge || '@v' || judge_version AS judge
FROM lineage
WHERE run_id = (SELECT max(id) FROM runs)
    AND (agent, version) = (
        SELECT agent, version FROM links JOIN policies ON policies.id = links.child_id ORDER BY links.id DESC LIMIT 1
    )
ORDER BY round, position, side;
