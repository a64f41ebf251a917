"""The results of in-file tests as JUnit's XML, which every build server reads, and votes and bounds in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.language import ir


@dataclass(frozen=True)
class Case:
    """One test: its file, its rule, its name, and what is wrong where it failed."""

    file: str
    rule: str
    name: str
    failed: Diagnostic | None


def junit(cases: Sequence[Case], diagnostics: Sequence[Diagnostic]) -> str:
    """Test cases as JUnit XML; errors that belong to no case come as cases of their own."""
    from snorkel_dsl.diagnostics.render import render

    shown = [case.failed for case in cases]
    others = [found for found in diagnostics if found.severity == "error" and found not in shown]
    failures = sum(case.failed is not None for case in cases)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites><testsuite name="snorkel-dsl" tests="{len(cases) + len(others)}" '
        f'failures="{failures}" errors="{len(others)}">',
    ]
    for case in cases:
        head = f"<testcase classname={quoteattr(f'{case.file}:{case.rule}')} name={quoteattr(case.name)}"
        if case.failed is None:
            lines.append(head + "/>")
        else:
            text = escape(_legal(render(case.failed)))
            lines.append(
                f"{head}><failure message={quoteattr(_legal(case.failed.message))}>{text}</failure></testcase>"
            )
    for found in others:
        text = escape(_legal(render(found)))
        head = f'<testcase classname="snorkel-dsl" name={quoteattr(found.kind)}>'
        lines.append(f"{head}<error message={quoteattr(_legal(found.message))}>{text}</error></testcase>")
    return "\n".join([*lines, "</testsuite></testsuites>"])


def _legal(text: str) -> str:
    """A text without the control characters that XML cannot hold."""
    return "".join(c if c in "\t\n" or (ord(c) >= 32 and c not in "\ufffe\uffff") else "\ufffd" for c in text)


def shown_vote(vote: ir.Vote | None, program: ir.Program) -> str:
    """A vote in the words of the rules file; abstaining is `none`."""
    if vote is None:
        return "none"
    task = program.task(vote.task)
    before = f"{vote.task}." if len(program.tasks) > 1 else ""
    return " or ".join(qualified(before, task.answers[number]) for number in sorted(vote.labels))


def qualified(before: str, answer: str) -> str:
    """An answer with the name of its task: `findings.EDEMA`, `not findings.EDEMA`."""
    denied = answer.startswith("not ")
    return f"not {before}{answer.removeprefix('not ')}" if denied else before + answer


def bounds(expectation: ir.Expectation) -> str:
    """An expectation in the words of the rules file."""
    low, high = (None if share is None else f"{100 * share:g}%" for share in (expectation.least, expectation.most))
    if low and high:
        return f"{expectation.measure} between {low} and {high}"
    return f"{expectation.measure} at least {low}" if low else f"{expectation.measure} at most {high}"
