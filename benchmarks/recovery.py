"""Whether what matrix completion learns goes to the truth, and how fast.

    python benchmarks/recovery.py [--figure recovery.svg] [--most 1000000] [--seeds 8]

Prints, on simulated votes: the root mean square error of accuracies and of the class balance for n = 10³ … 10⁶ rows and the
slope of its logarithm (a half is what sampling allows), Snorkel's beside it where it is installed; full confusion matrices of 3
and 4 labels from population moments, and from a million rows beside the estimate that sees the labels; standard errors
beside the spread over simulations; dependent pairs found, with precision, recall and false positives; and the score where
functions are copies of each other or come in pairs. With `--figure` (needs matplotlib) the first table is drawn.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from snorkel_dsl.facts import FunctionFacts, RuleFacts
from snorkel_dsl.models import MajorityVote, MatrixCompletion
from snorkel_dsl.models.moments import class_balance, learned, standard_errors
from snorkel_dsl.models.statistics import Statistics, count
from snorkel_dsl.models.structure import dependent_pairs, pair_residuals
from snorkel_dsl.models.symbols import vocabulary
from snorkel_dsl.votes import LabelMatrix

Floats = npt.NDArray[np.float64]
MOST = 100_000

# ---------------------------------------------------------------------------------------------------- votes and truth


def confusions(m: int, k: int, seed: int, coverage: float = 0.9) -> Floats:
    """P(label | y) of m functions, (m, k, k): right half of the time, and otherwise wrong in ways of their own."""
    drawn = np.random.default_rng(seed).dirichlet(np.ones(k), size=(m, k))
    return np.asarray(coverage * (0.5 * np.eye(k) + 0.5 * drawn).transpose(0, 2, 1))


def accuracies(rates: tuple[float, ...], coverage: float) -> Floats:
    """P(label | y) of functions of two labels that are right at these rates, (m, 2, 2)."""
    return np.array([[[rate, 1 - rate], [1 - rate, rate]] for rate in rates]) * coverage


def drawn(tables: Floats, balance: Floats, n: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """True labels (n) and votes (n, m) of independent functions."""
    rng, (m, k, _) = np.random.default_rng(seed), tables.shape
    truth = rng.choice(k, size=n, p=balance)
    votes = np.empty((n, m), dtype=np.int64)
    for j in range(m):
        steps = np.cumsum(tables[j], axis=0).T[truth]
        votes[:, j] = (rng.random(n)[:, None] > steps).sum(axis=1)
    return truth, np.where(votes == k, -1, votes)


def population(tables: Floats, balance: Floats) -> Statistics:
    """The statistics of all patterns, each as often as it is likely."""
    m, k, _ = tables.shape
    full = np.concatenate([tables, 1 - tables.sum(axis=1, keepdims=True)], axis=1)
    patterns = np.array(list(itertools.product(range(k + 1), repeat=m)))
    joint = balance * np.prod([full[j, patterns[:, j]] for j in range(m)], axis=0)
    rows, functions = np.nonzero(patterns < k)
    where = (rows, functions * k + patterns[rows, functions])
    matrix = sparse.csr_matrix((np.ones(rows.size), where), shape=(len(patterns), m * k))
    symbols = vocabulary({(j, frozenset({y})) for j in range(m) for y in range(k)}, m, k)
    return Statistics(symbols, matrix, joint.sum(axis=1), np.zeros((len(patterns), k)))


def counted(votes: npt.NDArray[np.int64], k: int) -> Statistics:
    """The statistics of votes (n, m)."""
    return count(LabelMatrix.from_dense(votes, labels=k), RuleFacts(), None, MOST, 0)


def seeing(truth: npt.NDArray[np.int64], votes: npt.NDArray[np.int64], k: int) -> Floats:
    """The emissions that one counts who sees the labels, (m k, k)."""
    return np.array(
        [[np.mean(votes[truth == y, j] == said) for y in range(k)] for j in range(votes.shape[1]) for said in range(k)]
    )


def rms(difference: Floats) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(difference**2)))


def slope(sizes: list[int], errors: list[float]) -> float:
    """The slope of the line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])


# -------------------------------------------------------------------------------------------------------- the rate

RATES = (0.6, 0.7, 0.8, 0.9, 0.75, 0.65, 0.85, 0.7)
BALANCE = np.array([0.7, 0.3])


def rate_of(sizes: list[int], seeds: int) -> dict[str, list[float]]:
    """By estimate the root mean square error at each size."""
    tables = accuracies(RATES, 0.6)
    true = tables.reshape(-1, 2)
    found: dict[str, list[list[Floats]]] = {
        "accuracies, balance given": [],
        "accuracies, nothing given": [],
        "class balance": [],
    }
    for n in sizes:
        errors: list[list[Floats]] = [[], [], []]
        for seed in range(seeds):
            _, votes = drawn(tables, BALANCE, n, 1000 * seed + n % 997)
            statistics = counted(votes, 2)
            model = MatrixCompletion(abstain=1.0, moments="pairs", ridge=1e-9, iterations=2000)
            model.fit(LabelMatrix.from_dense(votes, labels=2), class_balance=BALANCE)
            errors[0].append(model.emission_ - true)
            errors[1].append(learned(statistics, 0.0)[1].emission - true)
            errors[2].append(class_balance(statistics)[0] - BALANCE)
        for name, several in zip(found, errors, strict=True):
            found[name].append(several)
    return {name: [rms(np.array(several)) for several in by_size] for name, by_size in found.items()}


def snorkel_rate(sizes: list[int], seeds: int) -> list[float]:
    """Snorkel's root mean square error of the emissions, its class balance given."""
    from snorkel.labeling.model import LabelModel as Snorkel

    tables = accuracies(RATES, 0.6)
    result = []
    for n in sizes:
        errors = []
        for seed in range(seeds):
            _, votes = drawn(tables, BALANCE, n, 1000 * seed + n % 997)
            model = Snorkel(cardinality=2, verbose=False)
            model.fit(votes, class_balance=BALANCE, seed=seed, progress_bar=False, n_epochs=500)
            errors.append(model.get_conditional_probs()[:, 1:, :].reshape(-1, 2) - tables.reshape(-1, 2))
        result.append(rms(np.array(errors)))
    return result


def print_rate(sizes: list[int], seeds: int) -> dict[str, list[float]]:
    """Prints errors by size and their slopes."""
    rates = rate_of(sizes, seeds)
    if importlib.util.find_spec("snorkel"):
        rates["Snorkel, balance given"] = snorkel_rate(sizes, min(seeds, 3))
    print(f"error by rows{'':17}" + "".join(f"{n:>11,}" for n in sizes) + f"{'slope':>9}")
    for name, errors in rates.items():
        print(f"{name:30}" + "".join(f"{error:11.5f}" for error in errors) + f"{slope(sizes, errors):9.2f}")
    return rates


# ------------------------------------------------------------------------------------------------- confusion matrices


def print_confusions(n: int, seeds: int) -> None:
    """Prints how well full confusion matrices are recovered."""
    print(
        f"\nfull confusion matrices: largest error from population moments; at {n:,} rows, root mean squares over {seeds} draws"
    )
    for m, k in ((5, 3), (5, 4), (8, 3)):
        tables, balance = confusions(m, k, k), np.arange(k, 0, -1) / (k * (k + 1) / 2)
        exact = learned(population(tables, balance), 0.0)[1]
        true = tables.reshape(-1, k)
        largest = max(np.abs(exact.emission - true).max(), np.abs(exact.balance - balance).max())
        mine, theirs = [], []
        for seed in range(seeds):
            truth, votes = drawn(tables, balance, n, seed)
            mine.append(learned(counted(votes, k), 0.0)[1].emission - true)
            theirs.append(seeing(truth, votes, k) - true)
        ratio = rms(np.array(mine)) / rms(np.array(theirs))
        print(
            f"k = {k}, {m} functions: population {largest:.1e}; without labels {rms(np.array(mine)):.5f}, "
            f"with labels {rms(np.array(theirs)):.5f}, ratio {ratio:.2f}"
        )


# ---------------------------------------------------------------------------------------------------- standard errors


def error_ratios(n: int, seeds: int) -> dict[str, float]:
    """The median standard error over the deviation of the estimates, by estimate."""
    tables = accuracies(RATES[:6], 0.6)
    emissions, balances, said, said_balance = [], [], [], []
    given, said_given = [], []
    for seed in range(seeds):
        _, votes = drawn(tables, BALANCE, n, 7_000 + seed)
        statistics = counted(votes, 2)
        problem, estimate = learned(statistics, 0.0)
        errors = standard_errors(statistics, problem, estimate, free=True)
        emissions.append(estimate.emission)
        said.append(errors[0])
        balance, error, _ = class_balance(statistics)
        balances.append(balance)
        said_balance.append(error)
        model = MatrixCompletion(abstain=1.0, moments="direct", ridge=1e-6)
        model.fit(LabelMatrix.from_dense(votes, labels=2), class_balance=BALANCE)
        given.append(model.emission_)
        said_given.append(model.emission_error_)
    return {
        "accuracies, nothing given": float(np.median(np.median(said, axis=0) / np.std(emissions, axis=0))),
        "accuracies, balance given, plain loss": float(
            np.median(np.median(said_given, axis=0) / np.std(given, axis=0))
        ),
        "class balance": float(np.median(said_balance) / np.std(np.array(balances)[:, 0])),
    }


# ---------------------------------------------------------------------------------------------------- dependent pairs


def with_pairs(n: int, seed: int, share: float = 0.4) -> tuple[LabelMatrix, set[tuple[int, int]], Any]:
    """Twenty rules, of which 1 repeats 0, 5 repeats 4, and 9 and 10 repeat 8 in a share of the rows: votes, pairs, truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n)
    dense = np.full((n, 20), -1)
    for j in range(20):
        right, wrong = 0.2 + 0.015 * j, 0.05 + 0.004 * j
        dense[rng.random(n) < np.where(truth == j % 2, right, wrong), j] = j % 2
    edges = {(0, 2), (5, 7), (8, 10), (8, 12)}
    for one, other in edges:
        same = rng.random(n) < share
        dense[same, other] = dense[same, one]
    return LabelMatrix.from_dense(dense, labels=2), edges, truth


def print_structure(sizes: list[int], seeds: int) -> None:
    """Prints precision and recall of dependent pairs, and false positives where there is nothing to find."""
    print(
        "\ndependent pairs of 20 rules (4 of 190; 10 and 12 also depend on each other through 8), false discovery rate .05"
    )
    for share, n in itertools.product((0.1, 0.4), sizes):
        right = named = 0
        for seed in range(seeds):
            votes, edges, _ = with_pairs(n, seed, share)
            statistics = count(votes, RuleFacts(), None, MOST, 0)
            found = {(i, j) for i, j, _ in dependent_pairs(statistics)} - {(10, 12)}
            right, named = right + len(found & edges), named + len(found)
        precision = right / named if named else float("nan")
        print(
            f"repeated in {share:.0%} of rows, n = {n:>9,}: precision {precision:.2f}, recall {right / (4 * seeds):.2f}"
        )
    chances = []
    flagged = 0
    for seed in range(5 * seeds):
        residuals = pair_residuals(count(with_pairs(3_000, 500 + seed, 0.0)[0], RuleFacts(), None, MOST, 0))
        chances.append(residuals.chance)
        flagged += bool(residuals.significant(0.05).any())
    together = np.concatenate(chances)
    print(
        f"nothing to find, {together.size:,} pairs: p < .05 in {np.mean(together < 0.05):.3f}, p < .01 in "
        f"{np.mean(together < 0.01):.4f}; some pair named in {flagged} of {5 * seeds} matrices"
    )


# -------------------------------------------------------------------------------------------------- copies and pairs


def facts_of(votes: LabelMatrix, pairs: list[tuple[int, int, float]]) -> RuleFacts:
    """Facts that say of these pairs that they share a condition."""
    names = votes.functions
    linked = [(names[i], names[j]) for i, j, _ in pairs] + [(names[j], names[i]) for i, j, _ in pairs]
    shares = {name: frozenset(other for one, other in linked if one == name) for name in names}
    return RuleFacts({name: FunctionFacts(name, "label", frozenset({0, 1}), shares=shares[name]) for name in names})


def copied(n: int, seed: int) -> tuple[LabelMatrix, Any]:
    """Four functions of .85, and three copies of one of .60."""
    truth, votes = drawn(accuracies((0.85, 0.85, 0.85, 0.85, 0.6), 1.0), np.array([0.5, 0.5]), n, seed)
    return LabelMatrix.from_dense(np.hstack([votes, votes[:, [4, 4]]]), labels=2), truth


def print_copies(n: int) -> None:
    """Prints scores with and without the pairs that the votes show."""
    print(f"\ncopies and pairs, {n:,} rows, class balance given: accuracy")
    pairs_votes, _, pairs_truth = with_pairs(n, 0, 0.8)
    for name, votes, truth in (
        ("three copies of a poor one", *copied(n, 0)),
        ("rules in pairs", pairs_votes, pairs_truth),
    ):
        found = dependent_pairs(count(votes, RuleFacts(), None, MOST, 0))
        even = (0.5, 0.5)
        scores = {
            "majority": MajorityVote().fit(votes, class_balance=even),
            "blind": MatrixCompletion().fit(votes, class_balance=even),
            "pairs found": MatrixCompletion().fit(votes, facts=facts_of(votes, found), class_balance=even),
        }
        line = ", ".join(f"{key} {model.score(votes, truth):.3f}" for key, model in scores.items())
        print(f"{name:28} {line}{snorkel_score(votes, truth)}")


def snorkel_score(votes: LabelMatrix, truth: Any) -> str:
    """Snorkel's accuracy in words, where it is installed."""
    if not importlib.util.find_spec("snorkel"):
        return ""
    from snorkel.labeling.model import LabelModel as Snorkel

    model = Snorkel(cardinality=2, verbose=False)
    model.fit(votes.to_numpy().astype(int), class_balance=[0.5, 0.5], seed=0, progress_bar=False)
    said = model.predict(votes.to_numpy().astype(int), tie_break_policy="abstain")
    return f", Snorkel {np.mean(np.where(said < 0, 0.5, said == truth)):.3f}"


# ------------------------------------------------------------------------------------------------------------ figure


def figure(path: Path, sizes: list[int], rates: dict[str, list[float]]) -> None:
    """Draws the errors by size; the same bytes for the same numbers. Needs matplotlib."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "recovery", "svg.fonttype": "none"}):
        drawing, axes = plt.subplots(figsize=(6, 4))
        for name, errors in rates.items():
            axes.loglog(sizes, errors, marker="o", label=f"{name} ({slope(sizes, errors):.2f})")
        axes.set(xlabel="rows", ylabel="root mean square error")
        axes.legend(title="slope in brackets")
        drawing.tight_layout()
        drawing.savefig(path, format="svg", metadata={"Date": None})
        plt.close(drawing)


def main() -> None:
    """Runs everything."""
    parser = argparse.ArgumentParser(description="recovery of parameters")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, default=8)
    asked = parser.parse_args()
    if asked.figure and not importlib.util.find_spec("matplotlib"):
        sys.exit('a figure needs matplotlib: pip install "snorkel-dsl[plots]"')
    sizes = [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= asked.most]
    rates = print_rate(sizes, asked.seeds)
    print_confusions(sizes[-1], min(asked.seeds, 4))
    print("\nstandard error over the spread of 40 simulations of 5,000 rows")
    for name, ratio in error_ratios(5_000, 40).items():
        print(f"{name:40} {ratio:.2f}")
    print_structure([n for n in sizes if n <= 100_000], asked.seeds)
    print_copies(10_000)
    if asked.figure:
        figure(asked.figure, sizes, rates)


if __name__ == "__main__":
    main()
