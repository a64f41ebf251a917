"""How good the findings rules are on the Open-I reports: `python benchmarks/findings.py [--held-out]`.

The folder of real data is `$SNORKEL_DSL_DATA`. The rules were written on the reports whose number four does not divide; the
others, opened with `--held-out`, are for a last look. Three readings of the same file stand side by side: the rules as they
are; without uncertainty, where what is suspected counts as asserted; and without negation, where every mention counts. A
report has a finding where some rule votes for it. The last lines: the label model, one question for each finding, fitted
without any answer on the reports it then labels, and what has been published on such reports.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from public_data import FINDINGS, findings

import snorkel_dsl as sd

RULES = Path(__file__).parents[1] / "rulesets" / "chest_findings" / "findings.rules"
ASSERTS = re.compile(r"text asserts (any of \w+ in \w+)")
Bools = npt.NDArray[np.bool_]
PUBLISHED = (
    ("MetaMap with NegEx", 0.772, 0.846, 0.807),
    ("NegBio, dependency parses", 0.898, 0.850, 0.873),
)


def as_written(rules: str) -> str:
    """The rules as they are."""
    return rules


def without_uncertainty(rules: str) -> str:
    """What is suspected counts as asserted."""
    return ASSERTS.sub(r"(text asserts \1 or text suspects \1)", rules)


def without_negation(rules: str) -> str:
    """Every mention counts."""
    return ASSERTS.sub(r"text mentions \1", rules)


VARIANTS: dict[str, Callable[[str], str]] = {
    "as written": as_written,
    "without uncertainty": without_uncertainty,
    "without negation": without_negation,
}


def votes_for(votes: sd.LabelMatrix) -> Bools:
    """Whether some rule votes for the finding: n × 13."""
    found = [(votes.question("findings", name.upper()).to_numpy() == 1).any(axis=1) for name in FINDINGS]
    return np.column_stack(found)


def model_says(votes: sd.LabelMatrix) -> Bools:
    """Whether the label model holds the finding for more likely than not: n × 13."""
    found = []
    for name in FINDINGS:
        question = votes.question("findings", name.upper())
        found.append(sd.LabelModel().fit(question).predict_proba(question)[:, 1] > 0.5)
    return np.column_stack(found)


def scores(predicted: Bools, gold: Bools) -> tuple[float, float, float]:
    """Precision, recall and F1 over all cells of two tables of the same shape."""
    both = int((predicted & gold).sum())
    precision, recall = both / max(int(predicted.sum()), 1), both / max(int(gold.sum()), 1)
    return precision, recall, 2 * both / max(int(predicted.sum()) + int(gold.sum()), 1)


def each(predicted: Bools, gold: Bools) -> list[float | None]:
    """The F1 of each finding; None for one that no report has."""
    columns = range(gold.shape[1])
    return [scores(predicted[:, [k]], gold[:, [k]])[2] if gold[:, k].any() else None for k in columns]


def macro(predicted: Bools, gold: Bools) -> float:
    """The mean F1 of the findings that some report has."""
    return float(np.mean([f1 for f1 in each(predicted, gold) if f1 is not None]))


def line(name: str, numbers: tuple[float, ...]) -> str:
    """One line of a table."""
    return f"{name:28}" + "".join(f"{number:8.3f}" for number in numbers)


def report(data: Path, held_out: bool) -> None:
    """Print the tables of one half."""
    reports, gold = findings(data, held_out)
    text = RULES.read_text(encoding="utf-8")
    matrices = {name: sd.compile(change(text)).apply(reports) for name, change in VARIANTS.items()}
    said = {name: votes_for(votes) for name, votes in matrices.items()}
    print(f"\n{'held out' if held_out else 'written on'}: {len(reports):,} reports, {int(gold.sum()):,} findings")
    print(f"{'':28}" + "".join(f"{head:>8}" for head in ("prec.", "recall", "F1", "macro")))
    for name, predicted in said.items():
        print(line(name, (*scores(predicted, gold), macro(predicted, gold))))
    model = model_says(matrices["as written"])
    print(line("label model, as written", (*scores(model, gold), macro(model, gold))))
    for name, *numbers in PUBLISHED:
        print(line(f"({name})", tuple(numbers)))
    print(f"\n{'F1 of each finding':28}{'reports':>8}" + "".join(f"{name:>22}" for name in VARIANTS))
    columns = [each(predicted, gold) for predicted in said.values()]
    for finding, reports_with, *numbers in zip(FINDINGS, gold.sum(axis=0), *columns, strict=True):
        shown = "".join(f"{'–':>22}" if f1 is None else f"{f1:22.3f}" for f1 in numbers)
        print(f"{finding:28}{reports_with:8}{shown}")


def main() -> None:
    """Print what was asked for."""
    data = os.environ.get("SNORKEL_DSL_DATA")
    if not data:
        sys.exit("set SNORKEL_DSL_DATA to the folder of real data")
    report(Path(data), held_out=False)
    if "--held-out" in sys.argv:
        report(Path(data), held_out=True)


if __name__ == "__main__":
    main()
