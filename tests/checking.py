"""Helpers for tests of the checker: rules text in, program and diagnostics out, and expressions as short text."""

from __future__ import annotations

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.language import ir
from snorkel_dsl.language.check import NoFiles, Resolver, check
from snorkel_dsl.language.parse import parse
from snorkel_dsl.predicates import signatures
from snorkel_dsl.source import Source

HEAD = """\
data row
    text    text
    other   text from column "Other"
    likes   number from 0 to 100
    score   number
    posted  time
    seen    time
    shared  yes/no
    kind    one of "video", "short"
    tags    list of text
    numbers list of number
    ann     span of text
    ben     span of text
task spam on row
    labels HAM, SPAM, UNSURE
task tone on row
    labels KIND, RUDE, UNSURE
terms GREETING
    "hello", "good day"
terms MASKED
    "reply", "answer"
    except "please reply"
sections of text
    BODY from "B:" up to "E:"
"""


def checked(text: str, resolver: Resolver | None = None) -> tuple[ir.Program | None, list[Diagnostic]]:
    """Parse and check a file; the parser must have nothing to say."""
    source = Source("test.rules", text)
    file, diagnostics = parse(source)
    assert not diagnostics, diagnostics
    return check(file, source, signatures(), resolver or NoFiles())


def program(text: str, resolver: Resolver | None = None) -> ir.Program:
    """The program of a sound file."""
    found, diagnostics = checked(text, resolver)
    assert not diagnostics, [(one.kind, one.message) for one in diagnostics]
    assert found is not None
    return found


def condition(text: str, blocks: str = "") -> str:
    """What a condition means, under the data and names of `HEAD`."""
    (function,) = program(f"{HEAD}{blocks}\nrule r votes spam.SPAM\n    when {text}\n").functions
    (clause,) = function.clauses
    assert clause.condition is not None
    return shown(clause.condition)


def problems(text: str, resolver: Resolver | None = None) -> list[Diagnostic]:
    """All that is wrong with a file."""
    return checked(text, resolver)[1]


def problem(text: str, blocks: str = "") -> Diagnostic:
    """The one thing that is wrong with a condition, under the data and names of `HEAD`."""
    found = problems(f"{HEAD}{blocks}\nrule r votes spam.SPAM\n    when {text}\n")
    assert len(found) == 1, [(one.kind, one.message) for one in found]
    return found[0]


def marked(diagnostic: Diagnostic) -> str:
    """The text that a diagnostic marks."""
    assert diagnostic.mark is not None
    return diagnostic.mark.source.slice(diagnostic.mark.span)


def shown(expression: ir.Expression) -> str:
    """An expression as short text: `mentions(text, {hello|good day})`."""
    match expression:
        case ir.Column(name=name):
            return name
        case ir.Piece(level=level):
            return f"it{level}"
        case ir.Constant(value=value):
            return _value(value)
        case ir.Call(operator=operator, arguments=arguments):
            return f"{operator}({', '.join(map(shown, arguments))})"
        case ir.Quantified(pieces=pieces, body=body, least=least, most=most, every=every):
            bounds = "every" if every else f"{least}..{most}"
            return f"[{bounds} {shown(pieces)}: {shown(body)}]"


def _value(value: ir.Value) -> str:
    match value:
        case ir.TermList(parts=parts) if parts:
            return "{" + " ".join(map(_value, parts)) + "}"
        case ir.TermList(terms=terms, masks=masks):
            return "{" + _terms(terms) + (" - " + _terms(masks) if masks else "") + "}"
        case ir.Pattern(text=text, exact_case=exact_case):
            return f"/{text}/{'exact' if exact_case else ''}"
        case ir.Section(start=start, end=end):
            return f"<{start}…{end}>"
        case ir.LookupTable(keys=keys):
            return f"<{len(keys)} keys>"
        case float():
            return f"{value:g}"
        case _:
            return repr(value)


def _terms(terms: tuple[ir.Term, ...]) -> str:
    return "|".join(t.text + "!" * t.exact_case + "=" * t.exactly for t in terms)
