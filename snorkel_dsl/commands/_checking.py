"""Checking many files: what is known of a file is not asked again, and where many are left, every processor helps."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from snorkel_dsl.commands._processors import usable_processors
from snorkel_dsl.commands._project import STDIN, project_for, source_at
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.repository.checked import Checked, CheckedFiles, Opened, Question, Watched, read, written

_MANY = 8  # files, from which on other processes are worth their start
_AT_ONCE = 4  # files that a process is given


def check_files(
    files: list[Path], config: Path | None, roots: tuple[Path, ...], keeping: CheckedFiles | None
) -> list[Checked]:
    """What is found in each file, in their order; `keeping` is where it may be known already."""
    asked = list(_questions(files, config, roots))
    known = [one if isinstance(one, Checked) else keeping.find(one) if keeping is not None else None for one in asked]
    missing = [one for one, found in zip(asked, known, strict=True) if found is None and isinstance(one, Question)]
    new = iter(list(_check_all(missing, keeping)))
    return [next(new) if found is None else found for found in known]


def _questions(files: list[Path], config: Path | None, roots: tuple[Path, ...]) -> Iterator[Question | Checked]:
    """What is asked of each file; of one that cannot be read, why not."""
    today = datetime.now(tz=UTC).date()

    @cache
    def project_in(folder: Path) -> Any:
        return project_for(folder, config, roots)

    for path in files:
        try:
            source, file = source_at(path)
        except RulesError as wrong:
            yield Checked(0, tuple(wrong.diagnostics))
            continue
        project = project_in(Path() if path == STDIN else path.parent)
        yield Question(source, file, project.roots, project.settings, today)


def _check_all(questions: list[Question], keeping: CheckedFiles | None) -> Iterator[Checked]:
    """What is found in each file. The first is checked here, so that other processes begin with all that it needs."""
    processes = min(usable_processors(), len(questions) // _MANY + 1)
    first, rest = questions[:1], questions[1:]
    for question in first:
        yield _check(question, keeping)
    if processes == 1 or not hasattr(os, "fork"):
        yield from (_check(question, keeping) for question in rest)
        return
    from multiprocessing import get_context

    with get_context("fork").Pool(processes, _begin, (rest, keeping)) as pool:
        for question, entry in zip(rest, pool.imap(_check_number, range(len(rest)), _AT_ONCE), strict=True):
            yield read(entry, question.source)
        pool.close()
        pool.join()


_given: tuple[list[Question], CheckedFiles | None] = ([], None)  # what a process of the pool works on


def _begin(questions: list[Question], keeping: CheckedFiles | None) -> None:
    global _given
    _given = (questions, keeping)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process hears it and ends the others
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # in this way, of which nobody need hear


def _check_number(number: int) -> dict[str, Any]:
    questions, keeping = _given
    return written(_check(questions[number], keeping), questions[number].source)


def _check(question: Question, keeping: CheckedFiles | None) -> Checked:
    from snorkel_dsl.api import check_with

    opened = Opened()
    resolver = Watched(question.resolver(), opened)
    program, diagnostics = check_with(question.source, resolver, question.today, hashed=False)
    checked = Checked(len(program.functions) if program else 0, tuple(diagnostics))
    if keeping is not None:
        keeping.keep(question, checked, opened)
    return checked
