"""What bytes to look for, for all that operators look for in a text (`predicates.Sought`).

A text is scanned in one of two forms: ASCII text as it is, and any other text as it is (`matches`, `contains`, …) or
folded (`mentions`). For ASCII text the bytes mostly decide. For other text they propose, and the operator's own
evaluation confirms. What is looked for must never miss a row; finding too many rows only costs time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from snorkel_dsl.collector import collector_paused
from snorkel_dsl.engine import regex
from snorkel_dsl.engine.literals import required
from snorkel_dsl.language import ir
from snorkel_dsl.language.text.characters import case_folding, simple_fold
from snorkel_dsl.language.text.terms import REST, SEPARATOR, WORD, CompiledTerm, compile_term
from snorkel_dsl.predicates import Sought

_SPACE = rb"(?:[\t-\r\x1c- ]+|-)"  # in an ASCII text that is not folded: any white space, or a hyphen
_ONLY_SPACE = rb"[\t-\r\x1c- ]+"
_EDGE = rb"[^0-9A-Za-z]"
_SURE_EDGE = rb"[^0-9A-Za-z\x80-\xf4]"
_NO_EDGE = rb"[0-9A-Za-z]"

LONG_LIST = 500  # terms: a longer list is found by a lexicon


@dataclass(frozen=True, slots=True)
class Needle:
    """Patterns of which one must be found: in ASCII text (`ascii`) and in other text (`other`), folded where `folded`.

    None: nothing can be looked for, every row must be asked. `ascii_exact`: one of `ascii` found, it is there; so too
    where one of `sure` is found in other text. `phrases` are looked for as well as the patterns, in any text; where
    they are `phrases_exact` and one is found between ASCII characters, it is there. One of `literals`
    (`engine.literals`), where there are any, is in every text that has it.
    """

    ascii: tuple[bytes, ...] | None
    other: tuple[bytes, ...] | None
    sure: tuple[bytes, ...] = ()
    folded: bool = False
    ascii_exact: bool = False
    literals: tuple[bytes, ...] = ()
    phrases: tuple[bytes, ...] = ()  # words of lower-case ASCII letters and digits, with a space between
    phrases_exact: bool = False
    lexicon: ir.TermList | None = (
        None  # a long list, which a lexicon finds in place of patterns; `ascii_exact` as above
    )


def needle(sought: Sought) -> Needle:
    """The bytes for what an operator looks for."""
    match sought:
        case Sought(what=ir.Pattern() as pattern):
            return _pattern(pattern)
        case Sought(what=ir.TermList() as terms, as_words=True):
            return _words(terms, exact=sought.decides)
        case Sought(what=ir.TermList() as terms):
            before, after = rb"\xff" * sought.at_start, rb"\xfe" * sought.at_end
            return _characters(terms, sought.decides, before, after)
    raise TypeError(f"{sought.what!r} cannot be looked for")


def _pattern(pattern: ir.Pattern) -> Needle:
    """A regular expression."""
    tree = regex.parse(pattern)
    narrow, wide, sure = (regex.propose(tree, reach) for reach in regex.Reach)
    return Needle(
        (narrow.pattern,) if narrow.width else None,
        (wide.pattern,) if wide.width else None,
        (sure.pattern,) if sure.width else (),
        ascii_exact=narrow.exact,
        literals=required(tree),
    )


# ------------------------------------------------------------------------------------------------- plain characters


def _characters(terms: ir.TermList, exact: bool, before: bytes, after: bytes) -> Needle:
    """Terms as plain characters of the original text, case ignored where the term says so."""
    looked_for = [term for term in terms.terms if term.text or (before and after)]
    ascii_ = tuple(dict.fromkeys(before + _literal(term, ascii_only=True) + after for term in looked_for))
    other = tuple(dict.fromkeys(before + _literal(term, ascii_only=False) + after for term in looked_for))
    return Needle(ascii_, other, other if exact else (), ascii_exact=exact)


def _literal(term: ir.Term, ascii_only: bool) -> bytes:
    """A term's characters as bytes."""
    return b"".join(_choices(spellings(character, term.exact_case), ascii_only) for character in term.text)


def spellings(character: str, exact_case: bool) -> Iterable[str]:
    """The characters that count as one: those that simple case folding makes the same."""
    return (character,) if exact_case else (_unfolded().get(simple_fold(character)) or (character,))


@cache
def _unfolded() -> dict[str, tuple[str, ...]]:
    """By folded character, the characters that fold to it."""
    found: dict[str, set[str]] = defaultdict(set)
    for code, folded in case_folding().items():
        found[folded] |= {chr(code), folded}
    return {folded: tuple(sorted(characters)) for folded, characters in found.items()}


def _choices(characters: Iterable[str], ascii_only: bool) -> bytes:
    """One of some characters as bytes; `\\xfd` occurs in no text."""
    spelled = [c.encode() for c in characters if c.isascii() or not ascii_only]
    if not spelled:
        return rb"\xfd"
    if all(len(one) == 1 for one in spelled):
        return _byte_class(spelled)
    return b"(?:" + b"|".join(_escape(one) for one in spelled) + b")"


def _byte_class(characters: Iterable[bytes]) -> bytes:
    """One of some bytes."""
    return b"[" + b"".join(_escape(character) for character in characters) + b"]"


def _escape(characters: bytes) -> bytes:
    """Bytes that stand for themselves in a pattern."""
    return b"".join(b"\\x%02x" % byte for byte in characters)


# --------------------------------------------------------------------------------------------------- words and phrases


@lru_cache(maxsize=256)
def _words(terms: ir.TermList, exact: bool) -> Needle:
    """Terms as `mentions` looks for them: folded, with edges, a space as good as a hyphen.

    A term with `*` before its end is looked for by its longest part without one.
    """
    with collector_paused():
        compiled = [(term, made) for term in terms.terms if (made := compile_term(term)).atoms]
        parts = [(term, part, part.phrase) for term, made in compiled if (part := part_of(made))]
    if not all(part.atoms for _, part, _ in parts):
        return Needle(None, None, folded=True)
    phrases = tuple(dict.fromkeys(phrase for _, _, phrase in parts if phrase))
    rest = [(term, part) for term, part, phrase in parts if not phrase]
    if len(rest) > LONG_LIST:
        others = ir.TermList(tuple(term for term, _ in rest))
        return Needle((), (), folded=True, ascii_exact=exact, phrases=phrases, phrases_exact=exact, lexicon=others)
    return Needle(
        tuple(dict.fromkeys(_word(part, regex.Reach.ASCII) for _, part in rest)),
        tuple(dict.fromkeys(_word(part, regex.Reach.ALL) for _, part in rest)),
        tuple(dict.fromkeys(_word(part, regex.Reach.SURE) for _, part in rest if part.exact)) if exact else (),
        folded=True,
        ascii_exact=exact and all(part.exact for _, part in rest),
        phrases=phrases,
        phrases_exact=exact,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """What is looked for of a term: some of its atoms, with the edge rule at either side, or a word to follow.

    `exact`: where it is found in ASCII text, the term occurs.
    """

    atoms: tuple[str, ...]
    case: bool
    left: bool
    right: bool
    word_follows: bool
    exact: bool

    @property
    def phrase(self) -> bytes:
        """The words that it is, with a space between, where they are ASCII letters and digits in any case; else nothing."""
        written = "".join(" " if atom == SEPARATOR else atom for atom in self.atoms)
        plain = self.left and self.right and self.exact and not self.case and " " not in self.atoms
        return written.encode() if plain and written.isascii() and all(map(str.isalnum, written.split(" "))) else b""


def part_of(term: CompiledTerm) -> Part:
    """What to look for of a term: all of it, but for a `*` at its end, or else its longest part without a `*`."""
    stars = [index for index, atom in enumerate(term.atoms) if atom in (REST, WORD)]
    if not stars:
        return Part(term.atoms, term.case, term.left, term.right, False, True)
    if stars[0] == len(term.atoms) - 1 and len(term.atoms) > 1:
        return Part(term.atoms[:-1], term.case, term.left, False, term.atoms[-1] == WORD, True)
    starts, ends = [0, *(star + 1 for star in stars)], [*stars, len(term.atoms)]
    start, end = max(zip(starts, ends, strict=True), key=lambda place: place[1] - place[0])
    return Part(term.atoms[start:end], term.case, term.left and start == 0, False, False, False)


def _word(part: Part, reach: regex.Reach) -> bytes:
    """A part of a term as bytes: for ASCII text, or for other text that is folded already but for its case."""
    edge = _SURE_EDGE if reach is regex.Reach.SURE else _EDGE
    after = edge if part.right else b""
    if part.word_follows and reach is not regex.Reach.ALL:
        after = _NO_EDGE
    return (edge if part.left else b"") + b"".join(_atom(atom, part.case, reach) for atom in part.atoms) + after


@lru_cache(maxsize=10_000)
def _atom(atom: str, case: bool, reach: regex.Reach) -> bytes:
    """One atom of a term as bytes."""
    ascii_only = reach is regex.Reach.ASCII
    if atom == SEPARATOR:
        return _SPACE if ascii_only else b"[ -]"
    if atom == " " and ascii_only:
        return _ONLY_SPACE
    return _choices(spellings(atom, case), ascii_only)
