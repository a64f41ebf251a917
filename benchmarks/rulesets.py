"""How good the shipped rule sets are on public data: `python benchmarks/rulesets.py [--tables]`.

The folder of real data is `$SNORKEL_DSL_DATA`. For each rule set: coverage, majority vote and the label model, fitted on the
votes of the train split without any answer, on train and on test. Ties and uncovered rows count at their expected value
under a random choice. With `--tables`, the precision and coverage of each rule on the train split.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from public_data import Split, chest_xray, income, questions, youtube

import snorkel_dsl as sd
from snorkel_dsl.facts import RuleFacts

ROOT = Path(__file__).parents[1]
SETS: dict[str, Callable[[Path, str], Split]] = {
    "youtube/published": youtube,
    "youtube/spam": youtube,
    "chest_xray/published": chest_xray,
    "chest_xray/triage": chest_xray,
    "questions/coarse": questions,
    "income/census": income,
}


def report(name: str, read: Callable[[Path, str], Split], data: Path, tables: bool) -> None:
    """Print one rule set's lines."""
    rules = sd.compile(ROOT / "rulesets" / f"{name}.rules")
    rows, gold = read(data, "train")
    train = rules.apply(rows)
    # facts hold the declared class balance: a plain majority vote does without
    majority, model = sd.MajorityVote().fit(train, RuleFacts()), sd.LabelModel().fit(train)
    if tables:
        table = train.summary(gold)[["polarity", "coverage", "conflicts", "accuracy"]].round(3)
        table.index = table.index.str.rpartition(".").get_level_values(2)
        print(table.to_string())
    for split in ("train", "test"):
        rows, gold = read(data, split)
        votes = train if split == "train" else rules.apply(rows)
        scores = (votes.covered.mean(), majority.score(votes, gold), model.score(votes, gold))
        print(
            f"{name:22} {split:6} {len(gold):6,} rows {len(votes.functions):3} functions",
            *(f"{s:9.3f}" for s in scores),
        )


def main() -> None:
    """Run them all."""
    data = os.environ.get("SNORKEL_DSL_DATA")
    if not data:
        sys.exit("set SNORKEL_DSL_DATA to the folder of real data")
    print(f"{'':58}{'coverage':>10}{'majority':>10}{'model':>10}")
    for name, read in SETS.items():
        report(name, read, Path(data), "--tables" in sys.argv)


if __name__ == "__main__":
    main()
