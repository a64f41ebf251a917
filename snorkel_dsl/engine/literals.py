"""The literals that a pattern cannot do without: a text that has none of them does not match.

To look for ten thousand plain literals is quick, and a text holds few of them, so that few patterns are left to be asked of
it. A literal is looked for in text without the difference of case: ASCII letters in lower case, and the few characters that
Python takes for one of these where case is ignored as that letter. All other characters stand for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
import pyarrow.compute as pc

from snorkel_dsl.engine.blocks import Block
from snorkel_dsl.engine.regex import END_OF_UNICODE, Atom, Choice, Edge, Repeat, Sequence, Tree, code_points

# What `re` takes for an ASCII letter where case is ignored.
_LIKE_ASCII = {"\u0130": b"i", "\u0131": b"i", "\u017f": b"s", "\u212a": b"k"}
_LEAST = 3  # bytes: what is shorter is in nearly every text
_MOST_SPELLED = 8  # ways to write a part of a pattern that are told apart
_MOST = 64  # literals of one pattern
_LONG = 24  # bytes of a literal that are looked for: more tell nothing new

Literals = tuple[bytes, ...]


def required(tree: Tree) -> Literals:
    """Literals of which one is in every text that a pattern matches; none where no such are known."""
    found = _best([_needed(tree)])
    short = dict.fromkeys(literal[:_LONG] for literal in found)
    return tuple(one for one in short if not any(other in one for other in short if other != one))


def without_case(block: Block) -> tuple[bytes, Block]:
    """The joined bytes of a block as literals are looked for in them, and a block whose places are those of these bytes."""
    if not block.joined.isascii() and any(character.encode() in block.joined for character in _LIKE_ASCII):
        texts = block.texts
        for character, letter in _LIKE_ASCII.items():
            texts = pc.replace_substring(texts, character.encode(), letter)
        block = Block(block.first, texts)
    return block.joined.lower(), block


def _needed(tree: Tree) -> Literals:
    """The literals of a tree, of any length."""
    spelled = _spelled(tree)
    if spelled is not None:
        return spelled
    match tree:
        case Sequence(items=items):
            return _best(_of_sequence(items))
        case Choice(items=items):
            found = [_best([_needed(item)]) for item in items]
            return tuple(dict.fromkeys(literal for one in found for literal in one)) if all(found) else ()
        case Repeat(item=item, least=least) if least:
            return _needed(item)
    return ()


def _of_sequence(items: tuple[Tree, ...]) -> Iterable[Literals]:
    """The literals of some items that follow one another: of each run of items that are spelled out, and of each other."""
    run: Literals = (b"",)
    for item in items:
        spelled = _spelled(item)
        longer = None if spelled is None else _joined(run, spelled)
        if longer is not None:
            run = longer
            continue
        yield run
        run = (b"",) if spelled is None else spelled
        if spelled is None:
            yield _needed(item)
    yield run


def _best(choices: Iterable[Literals]) -> Literals:
    """The literals that are in the fewest texts, as far as their length and number say."""
    useful = [one for one in choices if one and len(one) <= _MOST and min(map(len, one)) >= _LEAST]
    return max(useful, key=lambda one: (min(_LONG, *map(len, one)), -len(one)), default=())


def _spelled(tree: Tree) -> Literals | None:
    """All that a tree can be, where that is little; a place is nothing."""
    match tree:
        case Atom():
            return _characters(tree)
        case Edge():
            return (b"",)
        case Sequence(items=items):
            spelled: Literals | None = (b"",)
            for item in items:
                own = _spelled(item)
                spelled = None if own is None or spelled is None else _joined(spelled, own)
            return spelled
        case Choice(items=items):
            parts = [_spelled(item) for item in items]
            return _few(literal for part in parts for literal in part or ()) if None not in parts else None
        case Repeat(item=item, least=least, most=1):
            own = _spelled(item)
            return None if own is None else own if least else _few([b"", *own])
    return None


def _characters(atom: Atom) -> Literals | None:
    """The characters of an atom without the difference of case."""
    toggles = code_points(atom)
    if len(toggles) % 2:
        toggles = np.append(toggles, END_OF_UNICODE)
    starts, ends = toggles[::2].tolist(), toggles[1::2].tolist()
    if sum(ends) - sum(starts) > 2 * _MOST_SPELLED:
        return None
    characters = [chr(code) for start, end in zip(starts, ends, strict=True) for code in range(start, end)]
    return _few(_LIKE_ASCII.get(character) or character.encode().lower() for character in characters)


def _joined(first: Literals, second: Literals) -> Literals | None:
    """Each of some literals followed by each of others, where these are few."""
    if len(first) * len(second) > _MOST_SPELLED:
        return None
    return _few(one + other for one, other in product(first, second))


def _few(literals: Iterable[bytes]) -> Literals | None:
    different = tuple(dict.fromkeys(literals))
    return different if 0 < len(different) <= _MOST_SPELLED else None
