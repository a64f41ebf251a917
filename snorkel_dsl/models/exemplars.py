"""What the rules' own examples tell of other rules: a tiny labeled set that costs nobody anything.

An example was chosen because its rule fires on it and is right, so of that rule it says nothing. What other functions vote
there was not chosen, and is held against the label. The labels of examples are as frequent as rules for them, not as rows:
each label is made to weigh alike. A function i that is expected to be right in π⁰ of its votes then has

    π_i = (c π⁰_i + Σ_y N / (k N_y) · right_iy) / (c + Σ_y N / (k N_y) · seen_iy)

with seen_iy its votes on examples of label y of other rules, N_y the examples of y, N all, over the k labels that have some; an
expectation weighs as much as c votes.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.votes import Floats

WORTH = 16.0  # c: best of 1, 2, 4, 8 and 16 by log loss on thirty rule books; accuracy hardly differs (benchmarks/ablation.py)


def taught(precision: Floats, functions: tuple[str, ...], facts: RuleFacts) -> Floats:
    """The expected precision of each function, (m), with what the examples of other rules show; in (0, 1) as before.

    Examples that do not name the functions of their rule are left out.
    """
    usable = [one for one in facts.exemplars if one.own]
    labels = Counter(one.label for one in usable)
    place = {name: j for j, name in enumerate(functions)}
    right, seen = np.zeros(len(functions)), np.zeros(len(functions))
    for one in usable:
        weight = len(usable) / (len(labels) * labels[one.label])
        for name, allowed in one.votes:
            if name in place and name not in one.own:
                seen[place[name]] += weight
                right[place[name]] += weight * (one.label in allowed)
    return np.asarray((WORTH * precision + right) / (WORTH + seen), dtype=np.float64)
