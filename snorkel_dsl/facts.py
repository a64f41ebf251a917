"""What the compiler knows of each labeling function that no vote matrix shows: the only thing that models see of rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias


def answers_of(labels: tuple[str, ...], any_number: bool) -> tuple[str, ...]:
    """What each class number of a task says: a label and, where any number of the k may apply, from k on that it does not."""
    return (*labels, *(f"not {label}" for label in labels)) if any_number else labels


@dataclass(frozen=True)
class FunctionFacts:
    """Facts about one labeling function.

    `name` and `task`; `polarity`: the class numbers that it can ever vote (a partial vote counts each of its labels);
    `shares`: names of the functions of its task that share a term, pattern, lookup or condition with it; `contains`:
    names of the functions whose condition is implied by one of its own (it fires wherever they do, by construction);
    `siblings`: functions of the same rule under `for each`; `precision`: bounds (low, high) of the expected precision in
    shares 0 to 1, where an `expect precision` line gives them; `semantic_hash` identifies its meaning.
    """

    name: str
    task: str
    polarity: frozenset[int]
    shares: frozenset[str] = frozenset()
    contains: frozenset[str] = frozenset()
    siblings: frozenset[str] = frozenset()
    precision: tuple[float, float] | None = None
    semantic_hash: str = ""


@dataclass(frozen=True)
class Exemplar:
    """An example of a rule, run through all rules: the class number it must get, and the votes of each function.

    `votes` maps the name of each function that does not abstain to the class numbers it allows; `own` names the functions of
    the rule itself: the example was chosen because they vote on it, so it says nothing of how good they are.
    """

    task: str
    label: int
    votes: tuple[tuple[str, frozenset[int]], ...]
    own: frozenset[str] = frozenset()


Said: TypeAlias = tuple[str, frozenset[int]]  # a task, and the class numbers of which one is said to be so


@dataclass(frozen=True, slots=True)
class Requirement:
    """Whenever what is given holds of a row, so does what is implied, or one of `or_else`."""

    given: Said
    implied: Said
    or_else: tuple[Said, ...] = ()


@dataclass(frozen=True)
class RuleFacts:
    """Facts about all functions of a program. A label matrix from anywhere else has `RuleFacts()`, and still works.

    `balance` has the declared class balance of each task by its name; where any number of the labels of T may apply,
    that of each label of which something is said by the name `T.LABEL`: the shares of the rows without and with it.
    """

    functions: dict[str, FunctionFacts] = field(default_factory=dict)
    balance: dict[str, tuple[float, ...]] = field(default_factory=dict)
    exemplars: tuple[Exemplar, ...] = ()
    requirements: tuple[Requirement, ...] = ()

    def without(self, *kinds: str) -> RuleFacts:
        """The same facts less some kinds of them, so that the worth of each can be measured.

        `kinds` are "polarity", "dependencies" (what functions share, contain, and their siblings), "precision", "exemplars"
        and "balance". Raises ValueError on another word.
        """
        for kind in kinds:
            if kind not in KINDS:
                raise ValueError(f"`{kind}` is no kind of fact: write one of {', '.join(KINDS)}")
        nothing: frozenset[str] = frozenset()
        functions = self.functions
        if "polarity" in kinds:
            functions = {name: replace(one, polarity=frozenset()) for name, one in functions.items()}
        if "dependencies" in kinds:
            functions = {
                name: replace(one, shares=nothing, contains=nothing, siblings=nothing)
                for name, one in functions.items()
            }
        if "precision" in kinds:
            functions = {name: replace(one, precision=None) for name, one in functions.items()}
        exemplars = () if "exemplars" in kinds else self.exemplars
        return replace(
            self, functions=functions, balance={} if "balance" in kinds else self.balance, exemplars=exemplars
        )


KINDS = ("polarity", "dependencies", "precision", "exemplars", "balance")
