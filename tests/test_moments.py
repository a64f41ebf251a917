"""The mathematics of matrix completion: dependent pairs, direct and inverse form, third moments, class balance, errors."""

from __future__ import annotations

import numpy as np
from simulate import copies, independent, one_label_each, one_source

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.statistics import Statistics, count
from snorkel_dsl.models.structure import dependent_pairs, pair_residuals
from snorkel_dsl.votes import LabelMatrix

RULES = ((0, 0.4, 0.1), (0, 0.3, 0.05), (1, 0.4, 0.1), (1, 0.3, 0.05), (1, 0.3, 0.1), (0, 0.2, 0.03), (1, 0.2, 0.1))


def counted(votes: LabelMatrix, facts: RuleFacts | None = None) -> Statistics:
    return count(votes, facts or RuleFacts(), None, 100_000, 0)


# ------------------------------------------------------------------------------------------------------ dependent pairs


def test_copies_are_found_and_nothing_else() -> None:
    found = dependent_pairs(counted(copies(5_000).votes))
    assert {(i, j) for i, j, _ in found} == {(4, 5), (4, 6), (5, 6)}
    assert min(z for _, _, z in found) > 30


def test_false_positives_are_as_rare_as_promised() -> None:
    chances = [
        pair_residuals(counted(votes)).chance
        for seed in range(12)
        for votes in (
            one_label_each(3_000, RULES, seed=seed).votes,
            independent(3_000, (0.6, 0.7, 0.8, 0.9, 0.75, 0.65), 0.5, (0.7, 0.3), seed=seed).votes,
            independent(3_000, (0.6, 0.7, 0.8, 0.9, 0.75, 0.65), 0.5, (0.4, 0.35, 0.25), seed=seed).votes,
        )
    ]
    together = np.concatenate(chances)
    assert together.size > 500
    assert np.mean(together < 0.05) < 0.06
    assert np.mean(together < 0.001) < 0.005


def test_facts_say_which_group_is_the_one_source_and_votes_drop_what_facts_suspect_wrongly() -> None:
    suspected = np.zeros((9, 9), dtype=bool)
    suspected[4:, 4:] = True
    found = dependent_pairs(counted(one_source().votes), suspected=suspected)
    assert {(i, j) for i, j, _ in found} == {(i, j) for i in range(4, 9) for j in range(i + 1, 9)}
    free = counted(one_label_each(4_000, RULES, seed=3).votes)
    wrong = np.zeros((7, 7), dtype=bool)
    wrong[:3, :3] = True
    assert dependent_pairs(free, rate=1e-4, suspected=wrong) == []
