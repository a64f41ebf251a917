"""Sections by their headings: where a text has a heading, and what stands under it. Version 1.

A heading is its words, whatever their case and however many blanks stand between them, with blanks and a `:` after them
- at the start of the text or of a line, or after the end of a sentence;
- or, written in capitals, anywhere after a blank ("INDICATION: COPD FINDINGS:"), unless all of its line up to there is a
  longer heading in capitals ("PRELIMINARY FINDINGS:");
and, without a `:`, alone on its line.

A section goes from after its heading up to the next heading: of another section, of the list of common ones below, or, at
the start of the text, of a line or after a sentence, any one to six words in capitals before a `:`, unless all of them name
parts of the body ("LUNGS AND PLEURA:"): such a heading divides what stands under another. A heading belongs to no section,
and one that comes twice gives its section two parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from snorkel_dsl.language.ir import HeadedSection
from snorkel_dsl.language.text.characters import is_capital, is_letter, is_letter_or_digit, is_small, simple_fold
from snorkel_dsl.language.text.parts import Place, trimmed

_BLANKS = " \t\xa0"
_LINE_ENDS = "\n\r\x85\u2028\u2029"
_CLOSING = "\"'”’»)]}"
_LONGEST_UNKNOWN = 80  # characters of a heading that is in no list
_MOST_WORDS = 6
_SIGNS = frozenset("&/-'’(),")  # that stand in headings

# Headings that end a section although no section of the rules has them: those of reports and notes, and of letters.
COMMON = (
    # what was done, and why
    "accession number", "clinical data", "clinical details", "clinical history", "clinical indication",
    "clinical information", "clinical question", "comparison", "comparisons", "contrast", "dose", "exam", "exam date",
    "examination", "history", "indication", "indications", "patient history", "procedure", "procedures", "protocol",
    "reason for exam", "reason for examination", "reason for study", "reason for visit", "study", "technique",
    "type of exam", "type of examination", "views",
    # what was seen, and what it means
    "addendum", "advice", "comment", "comments", "conclusion", "conclusions", "diagnoses", "diagnosis",
    "differential diagnosis", "discussion", "final diagnosis", "final impression", "final report", "findings",
    "findings and impression", "impression", "impressions", "interpretation", "notification", "opinion",
    "preliminary report", "recommendation", "recommendations", "report", "result", "results", "summary", "wet read",
    # notes of a stay or a visit
    "admission date", "admission diagnosis", "admitting diagnosis", "allergies", "assessment", "assessment and plan",
    "chief complaint", "condition at discharge", "course", "current medications", "date of admission",
    "date of discharge", "discharge condition", "discharge date", "discharge diagnoses", "discharge diagnosis",
    "discharge instructions", "discharge medications", "disposition", "family history", "follow up", "follow-up",
    "history of present illness", "home medications", "hospital course", "immunizations", "labs", "laboratory data",
    "laboratory results", "medications", "medications on admission", "medications on discharge", "objective",
    "past medical history", "past surgical history", "physical exam", "physical examination", "plan",
    "present illness", "problem list", "review of systems", "social history", "subjective", "surgical history",
    "vital signs", "vitals",
)  # fmt: skip

# Words of the headings under which reports go through the body: they divide a section and end none.
BODY = frozenset((
    "abdomen", "abdominal", "adrenal", "adrenals", "airway", "airways", "and", "aorta", "bladder", "bone", "bones", "bony",
    "bowel", "brain", "breast", "breasts", "cardiac", "cardiomediastinal", "cardiovascular", "chest", "colon", "devices",
    "diaphragm", "diaphragms", "esophagus", "gallbladder", "glands", "great", "heart", "hemidiaphragm", "hemidiaphragms",
    "hila", "hilar", "hilum", "hips", "joints", "kidney", "kidneys", "left", "lines", "liver", "lower", "lung", "lungs",
    "lymph", "mediastinum", "musculoskeletal", "neck", "nodes", "osseous", "other", "ovaries", "pancreas", "parenchyma",
    "pelvis", "pericardium", "pleura", "pleural", "prostate", "ribs", "right", "sinuses", "skeleton", "skull", "soft", "space",
    "spaces", "spine", "spleen", "stomach", "structures", "support", "thoracic", "thorax", "thyroid", "tissue", "tissues",
    "trachea", "tubes", "upper", "ureters", "uterus", "vascular", "vasculature", "ventricles", "vessels", "wall",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading where it stands, up to what is under it; `own`: of the section that is asked for."""

    start: int
    end: int
    own: bool


def parts_under(text: str, section: HeadedSection) -> list[Place]:
    """What stands under the headings of a section: its parts in order, each up to the next heading, without white space
    around it and none of them empty.
    """
    found = list(headings(text, section))
    ends = [heading.start for heading in found[1:]] + [len(text)]
    places = [trimmed(text, one.end, end) for one, end in zip(found, ends, strict=False) if one.own]
    return [(start, end) for start, end in places if start < end]


def headings(text: str, section: HeadedSection) -> Iterator[Heading]:
    """The headings of a text, in order: those of a section and those that end it."""
    known, own = _known(section)
    unknown = list(_unknown(text))
    number = 0
    for found in known.finditer(simple_fold(text)):
        if not _is_heading(text, found):
            continue
        while number < len(unknown) and unknown[number].end <= found.end():
            if unknown[number].end <= found.start():
                yield unknown[number]
            number += 1
        yield Heading(found.start(), found.end(), " ".join(found["words"].split()) in own)
    yield from unknown[number:]


@lru_cache(maxsize=256)
def _known(section: HeadedSection) -> tuple[re.Pattern[str], frozenset[str]]:
    """What finds the headings that a section knows, in folded text, and which of them are its own."""
    own = frozenset(map(_folded, section.headings))
    every = sorted({*own, *map(_folded, section.others)}, key=lambda words: (-len(words), words))
    listed = "|".join(f"[{_BLANKS}]+".join(map(re.escape, words.split())) for words in every)
    return re.compile(f"(?P<words>{listed})[{_BLANKS}]*(?P<mark>:|(?=[{_LINE_ENDS}]|\\Z))"), own


def _folded(heading: str) -> str:
    """The words of a heading as it is looked for: a `:` after it goes without saying."""
    return " ".join(simple_fold(heading).split()).rstrip(": ")


def _is_heading(text: str, found: re.Match[str]) -> bool:
    """Whether words that are those of a heading stand where one can stand."""
    start = found.start()
    before = _skip_back(text, start)
    if _starts_line(text, before) or not found["mark"]:
        return _starts_line(text, before)
    if before == start:
        return False
    if _ends_sentence(text, before):
        return True
    return not any(map(is_small, text[start : found.end()])) and not _ends_longer_heading(text, found.end() - 1)


def _starts_line(text: str, start: int) -> bool:
    return start == 0 or text[start - 1] in _LINE_ENDS


def _ends_longer_heading(text: str, colon: int) -> bool:
    """Whether all of a line up to a `:` is a heading in capitals."""
    start = _heading_start(text, colon)
    return start is not None and _starts_line(text, _skip_back(text, start)) and _in_capitals(text[start:colon].split())


def _skip_back(text: str, start: int) -> int:
    while start and text[start - 1] in _BLANKS:
        start -= 1
    return start


def _ends_sentence(text: str, end: int) -> bool:
    """Whether a sentence may end at an offset: at a `.`, `!`, `?` or `;`, perhaps with closing quotes and brackets."""
    lowest = max(end - 3, 0)
    while end > lowest and text[end - 1] in _CLOSING:
        end -= 1
    return bool(end) and text[end - 1] in ".!?…;"


# ------------------------------------------------------------------------------------------------- headings in no list


def _unknown(text: str) -> Iterator[Heading]:
    """Short runs of words in capitals before a `:`, where a line or a sentence begins; none that names parts of the body."""
    colon = text.find(":")
    while colon >= 0:
        start = _heading_start(text, colon)
        if start is not None and _in_capitals(text[start:colon].split()) and not _of_the_body(text[start:colon]):
            yield Heading(start, colon + 1, own=False)
        colon = text.find(":", colon + 1)


def _of_the_body(heading: str) -> bool:
    """Whether all words of a heading name parts of the body."""
    return BODY.issuperset(re.findall(r"\w+", simple_fold(heading)))


def _heading_start(text: str, colon: int) -> int | None:
    """Where the line or the sentence that a `:` belongs to begins, if that is near and all up to there can be a heading."""
    lowest = max(colon - _LONGEST_UNKNOWN, 0)
    start = colon
    while start > lowest and text[start - 1] not in _LINE_ENDS:
        before = _skip_back(text, start)
        if before < start and _ends_sentence(text, before):
            break
        if before == start and not _may_be_in_heading(text[start - 1]):
            return None  # so that nothing is read again for each of many colons
        start = max(min(before, start - 1), lowest)
    if start == lowest and lowest > 0:
        return None
    while start < colon and text[start] in _BLANKS:
        start += 1
    return start


def _may_be_in_heading(character: str) -> bool:
    if is_letter(character):
        return is_capital(character)
    return is_letter_or_digit(character) or character in _SIGNS or character.isspace()


def _in_capitals(words: Iterable[str]) -> bool:
    """Whether words are a heading: one to six, three letters at least, all of them capitals, and no sign but a few."""
    words = list(words)
    letters = [character for word in words for character in word if is_letter(character)]
    signs = {character for word in words for character in word if not is_letter_or_digit(character)}
    return 0 < len(words) <= _MOST_WORDS and len(letters) >= 3 and all(map(is_capital, letters)) and signs <= _SIGNS
