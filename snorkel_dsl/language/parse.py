"""From the text of a rules file to its tree, with every mistake of it in one run.

A file is cut into blocks where a line begins in column 0, and each block is parsed alone, so one mistake costs one block.
The grammar is `grammar/rules.lark`; its LALR tables are generated beside it as JSON, because building them takes longer
than checking a file: `reader.json` for our own reader, and `rules.json` for Lark, which is asked about a block that the
reader cannot read. This module alone knows Lark. After a change of the grammar:

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
from typing import TYPE_CHECKING, Any, NamedTuple

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.language import ast, complaints
from snorkel_dsl.language.build import build
from snorkel_dsl.language.layout import Layout, UnreadableError
from snorkel_dsl.language.reader import UnreadError, reader
from snorkel_dsl.source import Source, Span

if TYPE_CHECKING:
    from lark import Lark
    from lark.exceptions import UnexpectedInput
    from lark.grammar import Rule

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
    return getattr(part, "type", None) not in _LAYOUT_TOKENS


def build_parser(strict: bool = False) -> Lark:
    """The parser, built from the grammar; `strict` also proves that no two words of it collide (needs interegular)."""
    from lark import Lark

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
    """Lark's tables as JSON, built from the grammar."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    data, memo = build_parser().memo_serialize([TerminalDef, Rule])
    for option in ("postlex", "propagate_positions", "strict"):
        data["options"].pop(option)
    return json.dumps({"grammar": grammar_digest(), "data": data, "memo": memo}, separators=(",", ":")) + "\n"


def reader_tables() -> str:
    """The tables of our own reader as JSON, taken from those that Lark makes of the grammar."""
    built: Any = build_parser().parser
    table, lexers = built.parser._parse_table, built.lexer.lexer.lexers
    rules = built.parser_conf.rules
    numbers = {rule: number for number, rule in enumerate(rules)}
    states = [_actions(table.states[state], numbers) for state in range(len(table.states))]
    words = [_words(lexers[state]) for state in range(len(table.states))]
    content = {
        "grammar": grammar_digest(),
        "start": table.start_states["start"],
        "end": table.end_states["start"],
        "ignored": list(built.lexer_conf.ignore),
        "rules": [_reduction(rule) for rule in rules],
        **_shared("actions", "states", states),
        **_shared("words", "words_of", words),
    }
    return json.dumps(content, separators=(",", ":")) + "\n"


def _shared(name: str, which: str, values: list[Any]) -> dict[str, list[Any]]:
    """Values without repeats, and which of them each was."""
    different = list(dict.fromkeys(json.dumps(value) for value in values))
    index = {value: number for number, value in enumerate(different)}
    return {name: [json.loads(value) for value in different], which: [index[json.dumps(value)] for value in values]}


def _actions(state: dict[str, Any], numbers: dict[Rule, int]) -> dict[str, int]:
    """What is done for each word or rule: go on to a state, or reduce by a rule (its number's complement)."""
    return {name: ~numbers[to] if to in numbers else to for name, (_, to) in sorted(state.items())}


def _words(lexer: Any) -> tuple[str, dict[str, dict[str, str]]]:
    """How the words of a state are found: a pattern of them all, and the keywords that look like another word."""
    (pattern,) = lexer.scanner._mres
    keywords = {
        name: dict(sorted((terminal.pattern.value, terminal.name) for terminal in callback.scanner.terminals))
        for name, callback in sorted(lexer.callback.items())
    }
    return pattern.pattern, keywords


def _reduction(rule: Rule) -> list[Any]:
    """A grammar rule as `reader` wants it: its name, size, node, whether one part stands alone, and the parts that stay."""
    from lark.grammar import Terminal

    options = rule.options
    origin = str(rule.origin.name)
    node = None if origin.startswith("_") else rule.alias or origin
    kept: list[tuple[int | None, bool]] = []
    absent = "".join("1" if one else "0" for one in options.empty_indices).split("0")
    for index, symbol in enumerate(rule.expansion):
        kept += [(None, False)] * len(absent[index] if options.empty_indices else "")
        if options.keep_all_tokens or not (isinstance(symbol, Terminal) and symbol.filter_out):
            kept.append((index, not symbol.is_term and symbol.name.startswith("_")))
    kept += [(None, False)] * len(absent[-1] if options.empty_indices else "")
    return [origin, len(rule.expansion), node, bool(options.expand1 and not rule.alias), kept]


@cache
def parser() -> Lark:
    """Lark's parser, from its generated tables."""
    from lark import Lark

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
    """The node of a block; where it cannot be read, what is left of it and what is wrong with it."""
    try:
        block: ast.Block = reader(grammar_folder() / "reader.json").read(source.text, cut.start, cut.end)
    except (UnreadError, UnreadableError):
        return _explain_block(source, cut)
    return block, None


def _explain_block(source: Source, cut: _Cut) -> tuple[ast.Block, Diagnostic | None]:
    """What Lark says of a block."""
    from lark.exceptions import UnexpectedInput
    from lark.utils import TextSlice

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
    from lark.exceptions import UnexpectedToken

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
    (grammar_folder() / "reader.json").write_text(reader_tables(), encoding="utf-8")


if __name__ == "__main__":
    main()
