"""From the text of a rules file to its tree, with every mistake of it in one run.

A file is cut into blocks where a line begins in column 0, and each block is parsed alone, so one mistake costs one block.
The grammar is `grammar/rules.lark`; its LALR tables are generated beside it as JSON, because building them takes longer
than checking a file. This module alone knows Lark. After a change of the grammar:

    python -m snorkel_dsl.language.parse
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from lark import Lark, Token
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.utils import TextSlice

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.language import ast, complaints
from snorkel_dsl.language.build import build
from snorkel_dsl.language.layout import Layout, UnreadableError
from snorkel_dsl.source import Source, Span

_LAYOUT_TOKENS = frozenset(("_NL", "_INDENT", "_DEDENT"))
_COMMENT = re.compile(
    r'"""(?:.|\n)*?"""|"[^"\n]*"|(?:(?<=match)|(?<=matches)|(?<=case))[ ]+/(?:\\.|[^/\\\n])+/|(#[^\n]*)'
)
_SAYS_NOTHING = re.compile(r"[ \t]*(#[^\n]*)?")  # a line
_BODY_NAMES = {"data": r"[ \t]+(`[^`\n]+`|\w+)", "sections": r"[ \t]+(\w+)"}


# ----------------------------------------------------------------------------------------------------------- the parser


def grammar_folder() -> Path:
    """Where the grammar is: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_grammar"
    return inside if inside.is_dir() else package.parent / "grammar"


def _counts_as_place(part: Any) -> bool:
    """Whether a part of a node counts for its place: a line end does not."""
    return not (isinstance(part, Token) and part.type in _LAYOUT_TOKENS)


def build_parser(strict: bool = False) -> Lark:
    """The parser, built from the grammar; `strict` also proves that no two words of it collide (needs interegular)."""
    return Lark(
        (grammar_folder() / "rules.lark").read_text(encoding="utf-8"),
        parser="lalr",
        lexer="contextual",
        postlex=Layout(),
        propagate_positions=_counts_as_place,
        maybe_placeholders=True,
        strict=strict,
    )


def grammar_digest() -> str:
    """What tells one version of the grammar from another."""
    return sha256((grammar_folder() / "rules.lark").read_bytes()).hexdigest()


def tables() -> str:
    """The parser's tables as JSON, built from the grammar."""
    data, memo = build_parser().memo_serialize([TerminalDef, Rule])
    for option in ("postlex", "propagate_positions", "strict"):
        data["options"].pop(option)
    return json.dumps({"grammar": grammar_digest(), "data": data, "memo": memo}, separators=(",", ":")) + "\n"


@cache
def parser() -> Lark:
    """The parser, from its generated tables."""
    stored = json.loads((grammar_folder() / "rules.json").read_text(encoding="utf-8"))
    data: dict[str, Any] = stored["data"]
    table = data["parser"]["parser"]
    table["tokens"] = {int(key): value for key, value in table["tokens"].items()}
    table["states"] = {
        int(state): {int(token): action for token, action in actions.items()}
        for state, actions in table["states"].items()
    }
    memo = {int(key): value for key, value in stored["memo"].items()}
    return Lark.__new__(Lark)._load(
        {"data": data, "memo": memo}, postlex=Layout(), propagate_positions=_counts_as_place
    )


@cache
def vocabulary() -> dict[str, str]:
    """The keywords and signs of the language, by the name of their terminal."""
    return {terminal.name: terminal.pattern.value for terminal in parser().terminals if terminal.pattern.type == "str"}


# ------------------------------------------------------------------------------------------------------ files and blocks


class _Cut(NamedTuple):
    """One block as it was cut out: its place, without the blank lines and comments after it."""

    start: int
    end: int


def parse(source: Source) -> tuple[ast.File, list[Diagnostic]]:
    """The tree of a rules file and all its syntax errors; a block that cannot be read is a `Broken` in the tree."""
    whole = Span(0, len(source.text))
    refused = complaints.not_rules(source)
    if refused is not None:
        return ast.File((), span=whole), [refused]
    parsed = [_parse_block(source, cut) for cut in _cut(source.text)]
    blocks = tuple(block for block, _ in parsed)
    comments = tuple(comment for cut in _cut(source.text, with_comments=True) for comment in _comments(source, cut))
    return ast.File(blocks, comments, span=whole), complaints.without_echoes([found for _, found in parsed])


def _cut(text: str, with_comments: bool = False) -> Iterator[_Cut]:
    """Cut a text into blocks: one begins at each line that begins in column 0 with anything but white space or `#`."""
    sign, indented = (r"^\S", r"^[^\S\n]+#") if with_comments else (r"^[^\s#]", r"^[^\S\n]+[^\s#]")
    starts = [found.start() for found in re.finditer(sign, text, re.MULTILINE)]
    headless = re.compile(indented, re.MULTILINE).search(text, 0, starts[0] if starts else len(text))
    if headless:
        starts.insert(0, headless.start())
    for start, end in pairwise([*starts, len(text)]):
        yield _Cut(start, end if with_comments else start + len(_without_tail(text[start:end])))


def _without_tail(block: str) -> str:
    """A block without the blank lines and the lines of comment at its end."""
    end = len(block)
    while (start := block.rfind("\n", 0, end)) >= 0 and _SAYS_NOTHING.fullmatch(block, start + 1, end):
        end = start
    return block[:end]


def _comments(source: Source, cut: _Cut) -> Iterator[ast.Comment]:
    for found in _COMMENT.finditer(source.text, cut.start, cut.end):
        if found[1]:
            yield ast.Comment(found[1][1:].strip(), span=Span(*found.span(1)))


def _parse_block(source: Source, cut: _Cut) -> tuple[ast.Block, Diagnostic | None]:
    span = Span(cut.start, cut.end)
    try:
        block: ast.Block = build(parser().parse(TextSlice(source.text, cut.start, cut.end)))
    except UnreadableError as error:
        return _broken(source, span, error.span.start), complaints.of_unreadable(source, span, error.kind, error.span)
    except UnexpectedInput as error:
        failure = _failure(source, span, error)
        return _broken(source, span, failure.span.start), complaints.of_syntax(failure)
    return block, None


def _failure(source: Source, span: Span, error: UnexpectedInput) -> complaints.Failure:
    """What the parser knows of where it stopped, without Lark's own classes."""
    parser_there: Any = error.interactive_parser
    accepted = frozenset(parser_there.accepts())
    if isinstance(error, UnexpectedToken):
        token = error.token
        at_end = token.type == "$END"
        start, end = (span.end, span.end) if at_end else (token.start_pos or 0, token.end_pos or 0)
        return complaints.Failure(source, span, Span(start, end), token.type, accepted, vocabulary())
    position = error.pos_in_stream or 0
    return complaints.Failure(source, span, Span(position, position + 1), "", accepted, vocabulary())


# ------------------------------------------------------------------------------------------------------- broken blocks


def _broken(source: Source, span: Span, stopped: int) -> ast.Broken:
    """What is left of a block; where the parser stopped at its name, nobody knows what it would have declared."""
    text = source.slice(span)
    words = [_name(found, span) for found in re.finditer(r"`[^`\n]+`|\w+", text.partition("\n")[0])]
    keyword = words[0].text if words and text[:1].strip() else ""
    names = [*_body_names(text, keyword, span)]
    if keyword == "use":
        names.extend(name for name in words[1:] if name.text != "from")
    whole = (
        len(words) > 1
        and keyword != "use"
        and ((keyword == "rule" and words[1].text != "votes") or stopped > words[1].span.end + 1)
    )
    declared = words[1] if whole else None
    if declared is None and keyword != "use":
        names.extend(words[1:2])
    return ast.Broken(keyword, declared, tuple(names), span=span)


def _body_names(text: str, keyword: str, span: Span) -> Iterator[ast.Name]:
    """The names that the body of a block declares, as far as its lines tell."""
    if keyword == "task":
        for line in re.finditer(r"^[ \t]+labels?[ \t]+([^\n#]*)", text, re.MULTILINE):
            for found in re.finditer(r"\w+", line[1]):
                yield _name(found, Span(span.start + line.start(1), span.end))
    elif keyword in _BODY_NAMES:
        for found in re.finditer("^" + _BODY_NAMES[keyword], text, re.MULTILINE):
            yield _name(found, span, 1)


def _name(found: re.Match[str], inside: Span, group: int = 0) -> ast.Name:
    text = found[group]
    place = Span(inside.start + found.start(group), inside.start + found.end(group))
    return ast.Name(text.strip("`"), text.startswith("`"), span=place)


def main() -> None:
    """Write the tables again."""
    (grammar_folder() / "rules.json").write_text(tables(), encoding="utf-8")


if __name__ == "__main__":
    main()
