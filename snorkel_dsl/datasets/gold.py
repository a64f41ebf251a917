"""Gold labels: what a column of the data says in the words or numbers of its maker, as class numbers of a task.

Gold is only ever compared with. Nothing here reaches a rule or the fit of a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.diagnostics import did_you_mean

UNKNOWN = -1
NONE = "none"  # the text that says that no label applies, where any number may


def class_numbers(
    values: Iterable[Any], column: str, labels: tuple[str, ...], mapping: Mapping[str, str] | None = None
) -> npt.NDArray[np.int64]:
    """Gold values as class numbers, (n) int64; -1 where the value is missing.

    A value is looked up in `mapping` first, then as a label's name, then as a class number in declared order. Raises
    RulesError on a value that is none of these, with all the values that were found.
    """
    found = Counter(None if value is None else _text(value) for value in values_list(values))
    numbers = {text: _number(text, labels, mapping or {}) for text in found if text is not None}
    unknown = [text for text, number in numbers.items() if number is None]
    _refuse_unknown_targets(labels, mapping or {})
    if unknown:
        raise _unknown_gold(unknown, column, labels, found)
    numbers[""] = UNKNOWN
    texts = ["" if value is None else _text(value) for value in values_list(values)]
    return np.array([numbers[text] for text in texts], dtype=np.int64)


def applying(
    values: Iterable[Any], column: str, labels: tuple[str, ...], mapping: Mapping[str, str] | None = None
) -> npt.NDArray[np.int64]:
    """Gold of a task of which any number of the k labels may apply: (n, k), 1 where one does, 0 where not, -1 unknown.

    A value is a list of labels, or a text in which `|` parts them; an empty list, and the word `none`, say that none
    applies, and a missing value says nothing. Labels are understood as by `class_numbers`.
    """
    rows = [_items(value) for value in values_list(values)]
    found = Counter(item for row in rows if row is not None for item in row)
    numbers = {text: _number(text, labels, mapping or {}) for text in found}
    _refuse_unknown_targets(labels, mapping or {})
    unknown = [text for text, number in numbers.items() if number is None]
    if unknown:
        raise _unknown_gold(unknown, column, labels, Counter[str | None](found))
    table = np.full((len(rows), len(labels)), UNKNOWN, dtype=np.int64)
    for place, row in enumerate(rows):
        if row is not None:
            table[place] = 0
            table[place, [number for item in row if (number := numbers[item]) is not None and number >= 0]] = 1
    return table


def _items(value: Any) -> list[str] | None:
    """The labels that a value names; None where it is missing."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, list | tuple | np.ndarray):
        return [_text(item) for item in value if item is not None]
    written = _text(value)
    if written == "":
        return None
    return [] if written == NONE else [part.strip() for part in written.split("|") if part.strip()]


def yes_or_no(
    values: Iterable[Any], column: str, label: str, mapping: Mapping[str, str] | None = None
) -> npt.NDArray[np.int64]:
    """Gold of one label that may apply beside others: (n), 1 where it does, 0 where not, -1 where the value is missing.

    Understood are 1 and 0, yes and no, true and false, and the label's own name; `mapping` is asked first.
    """
    meaning = {"1": 1, "yes": 1, "true": 1, label.lower(): 1, "0": 0, "no": 0, "false": 0, f"not {label}".lower(): 0}
    meaning |= {"": UNKNOWN, "-1": UNKNOWN, "nan": UNKNOWN}
    texts = ["" if value is None else _text(value) for value in values_list(values)]
    said = {text: meaning.get((mapping or {}).get(text, text).lower()) for text in set(texts)}
    unknown = sorted(text for text, number in said.items() if number is None)
    if unknown:
        raise refusal(
            "unknown-gold",
            f"the gold column `{column}` holds `{unknown[0]}`, which does not say whether `{label}` applies",
            "1 and 0, yes and no, true and false are understood",
            f"say what it means: `--gold-map '{unknown[0]}=yes'`",
        )
    return np.array([said[text] for text in texts], dtype=np.int64)


def values_list(values: Iterable[Any]) -> list[Any]:
    """Values as a list, without making a second one of a list."""
    return values if isinstance(values, list) else list(values)


def _text(value: Any) -> str:
    """A value as a text: 1, 1.0 and "1" are the same."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _number(text: str, labels: tuple[str, ...], mapping: Mapping[str, str]) -> int | None:
    mapped = mapping.get(text, text)
    if mapped in labels:
        return labels.index(mapped)
    if mapped.isascii() and mapped.isdigit() and int(mapped) < len(labels):
        return int(mapped)
    return UNKNOWN if text in ("", "-1") or text.lower() == "nan" else None


def _refuse_unknown_targets(labels: tuple[str, ...], mapping: Mapping[str, str]) -> None:
    for value, label in mapping.items():
        if label not in labels and not (label.isdigit() and int(label) < len(labels)):
            close = did_you_mean(label, labels)
            raise refusal(
                "unknown-gold",
                f"`{value}={label}` names no label",
                f"did you mean `{value}={close}`?" if close else f"the labels are {_listed(labels)}",
            )


def _unknown_gold(unknown: list[str], column: str, labels: tuple[str, ...], found: Counter[str | None]) -> Exception:
    first = unknown[0]
    close = did_you_mean(first, labels)
    seen = ", ".join(f"`{text}` ({count})" for text, count in found.most_common(12) if text is not None)
    return refusal(
        "unknown-gold",
        f"the gold column `{column}` holds `{first}`, which is no label of the task",
        f"the labels are {_listed(labels)}; class numbers from 0 to {len(labels) - 1} are understood as well",
        f"found in the column: {seen}" + (" …" if len(found) > 12 else ""),
        f"say what it means: `--gold-map '{first}={close or 'LABEL'}'`",
    )


def _listed(labels: tuple[str, ...]) -> str:
    return ", ".join(f"`{label}`" for label in labels)
