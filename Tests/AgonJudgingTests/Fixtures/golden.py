"""Writes golden.json: agreement, correlations and a Dawid-Skene estimate, by independent tools.

    pip install numpy scipy scikit-learn krippendorff && python golden.py

Made with numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1, krippendorff 0.9.0.
"""
import json
import pathlib

import krippendorff
import numpy as np
from scipy import stats
from sklearn.metrics import cohen_kappa_score

FIRST, SECOND, TIE = 0, 1, 2
NAMES = ["first", "second", "tie"]
rng = np.random.default_rng(20240607)


def votes(items, skills):
    """One row an item, one column a judge; -1 is void."""
    truth = rng.choice(3, size=items, p=[0.4, 0.4, 0.2])
    rows = np.full((items, len(skills)), -1)
    for j, (right, tie, void) in enumerate(skills):
        for i, t in enumerate(truth):
            u = rng.random()
            if u < void:
                continue
            u = rng.random()
            if t == TIE:
                rows[i, j] = TIE if u < right else rng.choice(2)
            else:
                rows[i, j] = t if u < right else TIE if u < right + tie else 1 - t
    return truth, rows


def flip(labels):
    return np.select([labels == FIRST, labels == SECOND], [SECOND, FIRST], labels)


def dawid_skene(rows, known):
    """Textbook EM with a full 3x3 confusion matrix each, over every item and its mirror image at half weight."""
    doubled = np.vstack([rows, flip(rows)])
    truth = np.concatenate([known, flip(known)])
    n, judges = doubled.shape
    prior_counts = np.array([[2, 1, 1], [1, 2, 1], [1, 1, 1]], float)
    q = np.stack([(doubled == v).sum(1) for v in range(3)], 1).astype(float)
    q[q.sum(1) == 0] = 1
    q /= q.sum(1, keepdims=True)

    def pin(q):
        for v in range(3):
            q[truth == v] = np.eye(3)[v]
        return q

    def maximise(q):
        classes = (q.sum(0) / 2 + 1) / (n / 2 + 3)
        confusion = np.repeat(prior_counts[None], judges, 0)
        for j in range(judges):
            for v in range(3):
                confusion[j, :, v] += q[doubled[:, j] == v].sum(0) / 2
        # Rows of a decided truth are smoothed by 2, 1, 1 over both sides together: half of that in each.
        confusion[:, :2] -= prior_counts[None, :2] / 2
        return classes, confusion / confusion.sum(2, keepdims=True)

    def expect(classes, confusion):
        log = np.tile(np.log(classes), (n, 1))
        for j in range(judges):
            seen = doubled[:, j] >= 0
            log[seen] += np.log(confusion[j][:, doubled[seen, j]]).T
        q = np.exp(log - log.max(1, keepdims=True))
        return q / q.sum(1, keepdims=True)

    classes, confusion = maximise(pin(q))
    for _ in range(5000):
        q = pin(expect(classes, confusion))
        classes, confusion = maximise(q)
    return classes, confusion, expect(classes, confusion)[: len(rows)]


def agreement(rows):
    kappas = {}
    for a in range(rows.shape[1]):
        for b in range(a + 1, rows.shape[1]):
            both = (rows[:, a] >= 0) & (rows[:, b] >= 0)
            kappas[f"{a}{b}"] = float(cohen_kappa_score(rows[both, a], rows[both, b]))
    data = np.where(rows < 0, np.nan, rows.astype(float)).T
    return kappas, float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal", value_domain=[0, 1, 2]))


def main():
    truth, rows = votes(60, [(0.85, 0.05, 0.0), (0.7, 0.1, 0.15), (0.6, 0.2, 0.1), (0.1, 0.1, 0.05)])
    kappas, alpha = agreement(rows)
    known = np.full(len(rows), -1)
    known[:12] = np.where(truth[:12] == TIE, -1, truth[:12])
    classes, confusion, beliefs = dawid_skene(rows, known)
    scores = rng.choice([0, 0.5, 1], size=80, p=[0.4, 0.15, 0.45])
    lengths = np.round(rng.normal(30 * (scores - 0.5), 40)).astype(int)
    lengths[:6] = [0, 0, 7, -7, 7, 12]
    both_scores, both_lengths = np.concatenate([scores, 1 - scores]), np.concatenate([lengths, -lengths])
    golden = {
        "votes": [["void" if v < 0 else NAMES[v] for v in row] for row in rows],
        "truth": [None if v < 0 else NAMES[v] for v in known],
        "kappas": kappas,
        "alpha": alpha,
        "tieRate": classes[TIE],
        "skills": [[c[0, 0], c[0, 1], c[0, 2], c[2, 2]] for c in confusion],
        "beliefs": beliefs.tolist(),
        "scores": scores.tolist(),
        "lengths": lengths.tolist(),
        "pearson": float(stats.pearsonr(both_scores, both_lengths).statistic),
        "spearman": float(stats.spearmanr(both_scores, both_lengths).statistic),
    }
    path = pathlib.Path(__file__).with_name("golden.json")
    path.write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
