"""What each kind of fact is worth: the default model on shipped rule sets, with all facts, without each, and without any.

    SNORKEL_DSL_DATA=… python benchmarks/ablation.py

Fitted on the votes of the train split without any answer; accuracy and log loss on train and test. Lower log loss is better.
Then what examples are worth on simulated rule books: two for each rule and label, drawn from the rows on which it is right.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

import snorkel_dsl as sd
from rulesets import ROOT, SETS
from snorkel_dsl.facts import KINDS, Exemplar, RuleFacts

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from simulate import Simulation, rule_book


def report(name: str, data: Path) -> None:
    """Prints the lines of one rule set."""
    rules = sd.compile(ROOT / "rulesets" / f"{name}.rules")
    splits = {split: SETS[name](data, split) for split in ("train", "test")}
    votes = {split: rules.apply(rows) for split, (rows, _) in splits.items()}
    facts = votes["train"].facts
    print(f"\n{name}")
    for words, off in (("all facts", ()), *((f"without {kind}", (kind,)) for kind in KINDS), ("no facts", KINDS)):
        model = sd.LabelModel().fit(votes["train"], facts.without(*off))
        cells = []
        for split, (_, gold) in splits.items():
            labels = model.label(votes[split])
            cells.append(f"{split} {labels.accuracy(gold, uncovered=True):.3f} {labels.log_loss(gold):.3f}")
        print(f"  {words:24}" + "   ".join(cells), flush=True)


def examples_of(book: Simulation, rng: np.random.Generator) -> tuple[Exemplar, ...]:
    """Two rows for each function and label on which it is right, with what all functions say of them."""
    dense, names = book.votes.to_numpy(), book.votes.functions
    found = []
    for j, name in enumerate(names):
        for label in range(len(book.balance)):
            rows = np.flatnonzero((dense[:, j] == label) & (book.truth == label))
            for row in rng.choice(rows, min(2, rows.size), replace=False):
                said = tuple((names[i], frozenset({int(dense[row, i])})) for i in np.flatnonzero(dense[row] >= 0))
                found.append(Exemplar("label", label, said, frozenset({name})))
    return tuple(found)


def simulated(books: int) -> None:
    """Prints the mean gain by examples over simulated rule books, and its standard error."""
    print(f"\nexamples on {books} simulated rule books: gain in accuracy and in log loss")
    for given in (False, True):
        gains = []
        for seed in range(books):
            book = rule_book(seed, 1_500)
            facts = RuleFacts(exemplars=examples_of(book, np.random.default_rng(seed)))
            balance = book.balance if given else None
            without, taught = (
                sd.LabelModel().fit(book.votes, known, class_balance=balance).label(book.votes)
                for known in (RuleFacts(), facts)
            )
            gains.append(
                (
                    taught.accuracy(book.truth, True) - without.accuracy(book.truth, True),
                    without.log_loss(book.truth) - taught.log_loss(book.truth),
                )
            )
        mean, error = np.mean(gains, axis=0), np.std(gains, axis=0) / np.sqrt(books)
        words = "with the class balance" if given else "without a class balance"
        print(f"  {words:24}{mean[0]:+.4f} ± {error[0]:.4f}   {mean[1]:+.4f} ± {error[1]:.4f}", flush=True)


def main() -> None:
    """Runs them all."""
    data = os.environ.get("SNORKEL_DSL_DATA")
    if not data:
        sys.exit("set SNORKEL_DSL_DATA to the folder of real data")
    for name in SETS:
        if name != "income/census":
            report(name, Path(data))
    simulated(20)


if __name__ == "__main__":
    main()
