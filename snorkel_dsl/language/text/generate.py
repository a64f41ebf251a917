"""Write `unicode.json`, the Unicode facts that version 1 of the text semantics is frozen with.

Run `python -m snorkel_dsl.language.text.generate` on a Python whose `unicodedata` has the version that is wanted. That
was done once, for `language 1`; a newer version would change what rules mean, so it belongs to a new language version. A
test regenerates the table wherever the running Python knows the recorded version of Unicode.

Format: a class of characters is a list of `first last` code points written one after another (inclusive ranges). A
mapping of characters is a string of source characters and a string, or a list of strings, of what each becomes.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

TABLE = Path(__file__).with_name("unicode.json")
_SURROGATES = range(0xD800, 0xE000)
_HANGUL = range(0xAC00, 0xD7A4)  # composed and decomposed by rule, not by table


def _characters() -> list[str]:
    return [chr(code) for code in range(sys.maxunicode + 1) if code not in _SURROGATES]


def _ranges(characters: list[str], belongs: Callable[[str], bool]) -> list[int]:
    bounds: list[int] = []
    for character in characters:
        if not belongs(character):
            continue
        if bounds and bounds[-1] == ord(character) - 1:
            bounds[-1] += 1
        else:
            bounds += [ord(character), ord(character)]
    return bounds


def _simple_case_folding(character: str) -> str:
    """Its mapping of status C or S in CaseFolding.txt: one character, itself where there is none."""
    for folded in (character.casefold(), character.lower()):
        if len(folded) == 1:
            return folded
    return character


def _compositions(characters: list[str]) -> list[str]:
    """Each pair of characters that composes, followed by what it becomes: three characters each."""
    triples = []
    for character in characters:
        parts = unicodedata.normalize("NFD", character)
        if ord(character) in _HANGUL or len(parts) < 2 or unicodedata.normalize("NFC", character) != character:
            continue
        triples.append(unicodedata.normalize("NFC", parts[:-1]) + parts[-1] + character)
    return triples


def table() -> dict[str, object]:
    """The whole table, from the running Python's `unicodedata`."""
    characters = _characters()
    category = {character: unicodedata.category(character) for character in characters}
    decomposed = {c: unicodedata.normalize("NFKD", c) for c in characters if ord(c) not in _HANGUL}
    decomposed = {c: parts for c, parts in decomposed.items() if parts != c}
    folded = {c: _simple_case_folding(c) for c in characters if _simple_case_folding(c) != c}
    combining = {c: unicodedata.combining(c) for c in characters if unicodedata.combining(c)}
    return {
        "unicode": unicodedata.unidata_version,
        "letters": _ranges(characters, lambda c: category[c][0] == "L"),
        "digits": _ranges(characters, lambda c: category[c][0] == "N"),
        "marks": _ranges(characters, lambda c: category[c][0] == "M"),
        "capitals": _ranges(characters, lambda c: category[c] in ("Lu", "Lt")),
        "small": _ranges(characters, lambda c: category[c] == "Ll"),
        "white_space": _ranges(characters, str.isspace),
        "case_folding": ["".join(folded), "".join(folded.values())],
        "decompositions": ["".join(decomposed), list(decomposed.values())],
        "compositions": "".join(_compositions(characters)),
        "combining_classes": ["".join(combining), list(combining.values())],
    }


def as_text() -> str:
    """The table as the text of `unicode.json`: one line for each entry."""
    lines = [f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in table().items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TABLE.write_text(as_text(), encoding="ascii")
