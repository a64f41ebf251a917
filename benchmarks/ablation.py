"""What each kind of fact is worth: the default model on shipped rule sets, with all facts, without each, and without any.

    SNORKEL_DSL_DATA=… python benchmarks/ablation.py

Fitted on the votes of the train split without any answer; accuracy and log loss on train and test. Lower log loss is better.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import snorkel_dsl as sd
from rulesets import ROOT, SETS
from snorkel_dsl.facts import KINDS


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


def main() -> None:
    """Runs them all."""
    data = os.environ.get("SNORKEL_DSL_DATA")
    if not data:
        sys.exit("set SNORKEL_DSL_DATA to the folder of real data")
    for name in SETS:
        if name != "income/census":
            report(name, Path(data))


if __name__ == "__main__":
    main()
