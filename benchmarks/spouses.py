"""Couples in the news: our rules beside published heuristics, on the public sentences with two people each.

    SNORKEL_DSL_DATA=… python benchmarks/spouses.py

Two files of rules: the sample of the design, seven rules written before any data was seen (its spans mapped to the columns of
the data), and `rulesets/spouses/spouses.rules`. Prints the coverage and precision of each rule on train, val and test; then F1
of SPOUSE on the 1,101 test rows, beside the four published functions of the same rows, and on the 2,701 rows of
`spouse_9votes.csv`, beside the nine published functions. Models are fitted on votes alone, without gold: on train, or on the
rows themselves. Each is shown without a class balance and with that of the validation gold. F1 counts ties and uncovered rows
at their expected value under a random choice; in brackets, with those rows as NOT_SPOUSE. Snorkel runs where it is installed,
as the mean over five seeds.

Most of the 2,701 pairs stand in train or val as well, whose answers the rules' author has seen, so the rows that do not are
shown apart.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import snorkel_dsl as sd
from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.labels import Labels
from snorkel_dsl.votes import LabelMatrix

ROOT = Path(__file__).parents[1]
SPLITS = {"train": "Label", "val": "Label", "test": "Label", "9votes": "label"}
SEEDS = range(5)
PAIR = ["sentence", "person1_word_idx", "person2_word_idx"]


@dataclass(frozen=True)
class Rows:
    """The rows of a split: their data, gold (1 is SPOUSE), and the votes of the published functions (-1 abstains)."""

    frame: pd.DataFrame
    gold: Any
    published: LabelMatrix


def read(folder: Path, split: str) -> Rows:
    """One split of the public data."""
    frame = pd.read_csv(folder / f"spouse_{split}.csv", keep_default_na=False)
    gold = frame[SPLITS[split]].astype(int).to_numpy()
    if split == "9votes":
        votes = frame[[f"LF{number}" for number in range(1, 10)]].astype(int).to_numpy()
    else:  # here 0 abstains and -1 is negative
        four = pd.read_csv(folder / f"spouse_lf_matrix_{split}.csv")[["0", "1", "2", "3"]].to_numpy()
        votes = np.select([four == 1, four == -1], [1, 0], -1)
    return Rows(frame, gold, LabelMatrix.from_dense(votes, labels=2))


def sample(folder: Path) -> sd.Rules:
    """The sample of the design, its spans read from the columns of the data, its couples from the data's folder."""
    text = (ROOT / "tests" / "samples" / "spouses.rules").read_text(encoding="utf-8")
    for person in ("person1", "person2"):
        mapped = f'{person} span of sentence from words "{person}_word_idx" in "tokens"'
        text = text.replace(f"{person}   span of sentence", mapped)
    text = text.replace("../../data/spouse/known_spouses.csv", os.path.relpath(folder / "known_spouses.csv"))
    return sd.compile(text, roots=[Path.cwd(), folder])


def per_rule(name: str, votes: LabelMatrix, gold: Any) -> None:
    """Print coverage and precision of each function on one split."""
    table = votes.to_numpy()
    print(f"\n{name}: {len(gold):,} rows, {gold.mean():.1%} SPOUSE, {votes.covered.mean():.1%} with a vote")
    for function, column in zip(votes.functions, table.T, strict=True):
        voted = column >= 0
        precision = (column[voted] == gold[voted]).mean() if voted.any() else float("nan")
        print(f"  {function.rpartition('.')[2]:32} {voted.sum():6,} {voted.mean():8.2%} {precision:8.3f}")


# ---------------------------------------------------------------------------------------------------------------- models


def shown(labels: Labels, gold: Any) -> str:
    """F1, and in brackets F1 where only a label that was given counts."""
    given = labels.predict() == 1
    hits = (given & (gold == 1)).sum()
    return f"{labels.f1(gold, 1, uncovered=True):.3f} ({2 * hits / max(given.sum() + (gold == 1).sum(), 1):.3f})"


def snorkel(fit: LabelMatrix, votes: LabelMatrix, gold: Any, balance: Any) -> str:
    """Snorkel's label model, mean over the seeds."""
    from snorkel.labeling.model import LabelModel as Snorkel

    scores, given = [], []
    for seed in SEEDS:
        model = Snorkel(cardinality=2, verbose=False)
        model.fit(fit.to_numpy().astype(int), class_balance=balance, seed=seed, progress_bar=False)
        labels = Labels("spouse", votes.labels, model.predict_proba(votes.to_numpy().astype(int)), votes.covered)
        first, _, second = shown(labels, gold).partition(" (")
        scores.append(float(first))
        given.append(float(second.rstrip(")")))
    return f"{np.mean(scores):.3f} ({np.mean(given):.3f})"


def lines(fits: dict[str, LabelMatrix], votes: LabelMatrix, gold: Any, balance: Any) -> Iterator[tuple[str, str, str]]:
    """What each model makes of some votes: its name, its score without and with a class balance."""
    plain = RuleFacts()  # without the balance that the rules declare
    majority = shown(sd.MajorityVote().fit(votes, plain).label(votes), gold)
    yield "majority vote", majority, majority
    for fitted, on in fits.items():
        ours = [shown(sd.LabelModel().fit(on, plain, class_balance=b).label(votes), gold) for b in (None, balance)]
        yield f"our label model, fitted on {fitted}", ours[0], ours[1]
        if importlib.util.find_spec("snorkel"):
            theirs = [snorkel(on, votes, gold, b) for b in (None, balance)]
            yield f"Snorkel's, fitted on {fitted}", theirs[0], theirs[1]


def compare(title: str, fits: dict[str, LabelMatrix], votes: LabelMatrix, gold: Any, balance: Any) -> None:
    """Print what each model makes of some votes."""
    print(f"\n{title}: {len(gold):,} rows, {votes.covered.mean():.1%} with a vote")
    for name, without, with_balance in lines(fits, votes, gold, balance):
        print(f"  {name:46} {without:>16} {with_balance:>16}")


def main() -> None:
    """Run everything."""
    data = os.environ.get("SNORKEL_DSL_DATA")
    if not data:
        sys.exit("set SNORKEL_DSL_DATA to the folder of real data")
    folder = Path(data) / "spouse"
    rows = {split: read(folder, split) for split in SPLITS}
    balance = balance_of(rows["val"].gold)
    ours = sd.compile(ROOT / "rulesets" / "spouses" / "spouses.rules")
    for name, rules in {"the sample": sample(folder), "our rules": ours}.items():
        votes = {split: rules.apply_with_faults(rows[split].frame)[0] for split in SPLITS}
        for split in ("train", "val", "test"):
            per_rule(f"{name} on {split}", votes[split], rows[split].gold)
        print(f"\n{'F1 of SPOUSE':48} {'without balance':>16} {'with':>16}")
        for_rules(name, votes, rows, balance)
    published(rows, balance)


def for_rules(name: str, votes: dict[str, LabelMatrix], rows: dict[str, Rows], balance: Any) -> None:
    """Print the scores of a file of rules on each test set."""
    nine, train = rows["9votes"].gold, {"train": votes["train"]}
    compare(f"{name} on test", train, votes["test"], rows["test"].gold, balance)
    compare(f"{name} on 9votes", train | {"these rows": votes["9votes"]}, votes["9votes"], nine, balance)
    unseen = unseen_rows(rows)
    title = f"{name} on 9votes, pairs in neither train nor val"
    compare(title, train | {"all 2,701": votes["9votes"]}, votes["9votes"].take(unseen), nine[unseen], balance)


def published(rows: dict[str, Rows], balance: Any) -> None:
    """Print the scores of the published functions on each test set."""
    test, nine, four = rows["test"], rows["9votes"], {"train": rows["train"].published}
    compare("4 published functions on test", four, test.published, test.gold, balance)
    compare("9 published functions on 9votes", {"these rows": nine.published}, nine.published, nine.gold, balance)
    unseen = unseen_rows(rows)
    title = "9 published functions on pairs in neither train nor val"
    compare(title, {"all 2,701": nine.published}, nine.published.take(unseen), nine.gold[unseen], balance)


def balance_of(gold: Any) -> tuple[float, float]:
    """The shares of the two labels."""
    share = float(gold.mean())
    return 1 - share, share


def unseen_rows(rows: dict[str, Rows]) -> Any:
    """The numbers of the rows of `9votes` whose pair stands in neither train nor val."""
    seen = {pair for split in ("train", "val") for pair in rows[split].frame[PAIR].itertuples(index=False, name=None)}
    pairs = rows["9votes"].frame[PAIR].itertuples(index=False, name=None)
    return np.array([number for number, pair in enumerate(pairs) if pair not in seen])


if __name__ == "__main__":
    main()
