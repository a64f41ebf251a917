"""The language reference in tests/spec holds: each fence of rules does what the chapter says.

Each goes through the parser, the checker, the reference evaluator and the engine; all votes of both must be those of the
chapter's tables, and diagnostics are compared as text. `pytest tests/test_spec.py --accept` writes the diagnostics (never
the votes) as they are now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spec_chapters
from spec_chapters import ABSTAINS, UNREADABLE, Chapter, Part, Rows

from snorkel_dsl import reference
from snorkel_dsl.api import check_source
from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.diagnostics.render import full
from snorkel_dsl.engine.rows import row_of
from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.engine.table import batches
from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.parse import parse
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import catalog
from snorkel_dsl.repository.tests import run_examples
from snorkel_dsl.source import Source

CHAPTERS = spec_chapters.chapters()
NAME = "example.rules"


def checked(part: Part, folder: Path) -> tuple[ir.Program | None, list[Diagnostic]]:
    """The program of a part whose files lie in a folder, and its diagnostics."""
    return check_source(Source(NAME, part.text), folder / NAME, (folder,))


def write_files(chapter: Chapter, folder: Path) -> None:
    """Write the files that the rules of a chapter name."""
    for name, text in chapter.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.path.stem)
def test_chapter(
    chapter: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    monkeypatch.chdir(tmp_path)  # messages name files as seen from here
    write_files(chapter, tmp_path)
    wrong: list[str] = []
    for part in chapter.parts:
        program, diagnostics = checked(part, tmp_path)
        # A header serves many fences, none of which uses all of it.
        diagnostics = [one for one in diagnostics if one.kind != "unused-name"]
        said = full(diagnostics)
        if said != (part.diagnostics or ""):
            if pytestconfig.getoption("--accept") and part.diagnostics is not None:
                accept(chapter.path, part, said)
            else:
                wrong.append(f"{part}: it says\n{said}\nand the chapter says\n{part.diagnostics}")
        elif program is not None and not any(one.severity == "error" for one in diagnostics):
            wrong += [f"{part}: {text}" for table in part.tables for text in differences(program, table)]
            wrong += [f"{part}: example {r.example.row} fails" for r in run_examples(program) if r.fails]
    assert not wrong, "\n".join(wrong)


def accept(path: Path, part: Part, said: str) -> None:
    """Replace the diagnostics of one part by those of now."""
    text = path.read_text(encoding="utf-8")
    before, rules, after = text.partition(f"```rules\n{part.written}```\n")
    expected = f"```text\n{part.diagnostics}\n```" if part.diagnostics else "```text\n```"
    path.write_text(before + rules + after.replace(expected, f"```text\n{said}\n```", 1), encoding="utf-8")


def differences(program: ir.Program, table: Rows) -> Iterator[str]:
    """Where the votes, by the reference evaluator or by the engine, are not those of a table."""
    functions = {function.name.rpartition(".")[2]: function for function in program.functions}
    sources = {source: column for column in program.columns for source in column.sources}
    assert set(table.names) <= {*functions, *sources, UNREADABLE}, table.names
    assert set(functions) <= set(table.names), f"no column shows {set(functions) - set(table.names)}"
    rows = [data_row(sources, dict(zip(table.names, cells, strict=True))) for cells in table.cells]
    (batch,) = batches(rows)
    matrix, faults = label_matrix(program, batch)
    unreadable: list[set[str]] = [set() for _ in rows]
    for fault in faults:
        unreadable[fault.row].add(fault.column)
    for i, cells in enumerate(table.cells):
        said = dict(zip(table.names, cells, strict=True))
        named = said.get(UNREADABLE) or ""  # columns, or one call
        if unreadable[i] not in ({named}, set(named.replace(",", " ").split())):
            yield f"row {i + 1}: unreadable is {sorted(unreadable[i])}"
        row, broken = row_of(program, batch, i)
        for name, function in functions.items():
            vote = reference.vote(function, row, broken)
            by_reference = shown(program, function, None if vote is None else vote.labels)
            by_engine = shown(program, function, engine_vote(matrix, function.name, i))
            if not by_reference == by_engine == said[name]:
                yield f"row {i + 1} {cells}: {name} votes {by_reference} (engine: {by_engine}), not {said[name]}"


def data_row(sources: dict[str, ir.DataColumn], said: dict[str, str | None]) -> dict[str, Any]:
    """A row of data: text as in a table file, except that a list is a list."""
    row: dict[str, Any] = {}
    for name, column in sources.items():
        value = said.get(name)
        is_list = column.type.kind in (Kind.TEXTS, Kind.NUMBERS) and value is not None
        items = [item for item in value.split("; ") if item] if is_list and value is not None else []
        row[name] = [float(x) for x in items] if is_list and column.type.kind is Kind.NUMBERS else items or value
    return row


def engine_vote(matrix: Any, function: str, row: int) -> frozenset[int] | None:
    """What the engine's matrix has for a function on a row."""
    j = matrix.functions.index(function)
    own = slice(matrix.indptr[j], matrix.indptr[j + 1])
    codes = dict(zip(matrix.rows[own].tolist(), matrix.codes[own].tolist(), strict=True))
    return matrix.labels_of(codes[row]) if row in codes else None


def shown(program: ir.Program, function: ir.LabelingFunction, vote: frozenset[int] | None) -> str:
    """A vote as a table writes it: labels in the order of the task."""
    answers = program.task(function.task).answers
    return ABSTAINS if vote is None else " or ".join(answers[number] for number in sorted(vote))


# ------------------------------------------------------------------------------------------- that nothing is left out

# What the grammar has and this version refuses; chapter "what comes later" says so of each.
LATER = {
    "AnotherOf", "Apply", "AtRandom", "Augment",
    "InARow", "KeepLabel", "MakeCopies", "Replace",
    "Seed", "Slice", "Transform",
}  # fmt: skip
LATER_WORDS: set[str] = set()
LITERAL_WORD = re.compile(r"['\"]([^'\"]+)['\"]")


def nodes(tree: Any) -> Iterator[ast.Node]:
    """A node and all inside it."""
    if isinstance(tree, tuple):
        for item in tree:
            yield from nodes(item)
    elif isinstance(tree, ast.Node):
        yield tree
        yield from nodes(tree.inside)


def classes() -> dict[str, type[ast.Node]]:
    """The classes of the tree that a text can have."""
    every = {name: value for name, value in vars(ast).items() if isinstance(value, type) and value is not ast.Node}
    return {name: value for name, value in every.items() if name not in ("File", "Broken")}


def words_of(node: type[ast.Node] | ast.Node) -> set[tuple[str, str]]:
    """The keywords that a class may hold, or those that a node holds: class, word."""
    kind = node if isinstance(node, type) else type(node)
    fixed = {name: text for name, text in kind.part_types.items() if text.startswith("Literal[")}
    if isinstance(node, type):
        return {(kind.__name__, word) for text in fixed.values() for word in LITERAL_WORD.findall(text)}
    return {(kind.__name__, str(getattr(node, name))) for name in fixed}


def test_every_form_and_every_operator_is_in_the_reference(tmp_path: Path) -> None:
    accepted: set[str] = set()
    refused: set[str] = set()
    words: set[tuple[str, str]] = set()
    operators: set[str] = set()
    for chapter in CHAPTERS:
        write_files(chapter, tmp_path)
        for part in chapter.parts:
            file, _ = parse(Source(NAME, part.text))
            found = list(nodes(file))
            (accepted if part.diagnostics is None else refused).update(type(node).__name__ for node in found)
            if part.diagnostics is not None:
                continue
            words.update(word for node in found for word in words_of(node))
            program, _ = checked(part, tmp_path)
            assert program is not None
            for function in program.functions:
                for expression in function.expressions:
                    operators.update(node.operator for node in ir.walk(expression) if isinstance(node, ir.Call))
    every_word = {word for name, kind in classes().items() if name not in LATER for word in words_of(kind)}
    assert {word for kind in classes().values() for _, word in words_of(kind)} > LATER_WORDS
    assert set(catalog()) - operators == set()
    assert set(classes()) - accepted - LATER == set()
    assert LATER - refused == set()
    assert LATER & accepted == set()
    assert {pair for pair in every_word - words if pair[1] not in LATER_WORDS} == set()
