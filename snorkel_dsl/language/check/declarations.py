"""Blocks that declare: data, tasks, terms, sections, lookups, and names used from other files.

Terms and conditions may be used before the place where they are declared, so both are resolved when they are first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language import ast, ir, types
from snorkel_dsl.language.check.ontologies import ontology_terms, takes_no_ids
from snorkel_dsl.language.check.resolving import Refusal
from snorkel_dsl.language.check.scope import NamedSection, Names
from snorkel_dsl.language.check.spans import only_spans_have_two, sources_of, span_type
from snorkel_dsl.language.text.headings import COMMON
from snorkel_dsl.language.types import Kind, Type
from snorkel_dsl.source import Span

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
MOST_NESTED = 50  # terms lists that include one another
LONGEST_TERM = 2_000  # characters; of a heading too
MOST_SECTIONS = 500
ENDS_IN_STAR = re.compile(r"\*(?![^\s-])")


# ------------------------------------------------------------------------------------------------------------- headers


def check_language(names: Names, block: ast.Language) -> None:
    """`language 1` is the only version that there is."""
    if block.version.value != 1:
        names.report(
            "unknown-language",
            f"there is no version {block.version.text} of the language here",
            block.version,
            helps=["write `language 1`"],
        )


def check_version(names: Names, package: ast.Package) -> str | None:
    """The version of a package: three numbers, as semantic versioning has it."""
    if package.version is None or _VERSION.fullmatch(package.version.text):
        return None if package.version is None else package.version.text
    names.report(
        "bad-version",
        f"`{package.version.text}` is not a version",
        package.version,
        "a version has three numbers",
        helps=['write it like `"1.2.0"`: major, minor, patch'],
    )
    return None


# ---------------------------------------------------------------------------------------------------------------- data


def declare_columns(names: Names, data: ast.Data) -> None:
    """The columns of a data block, with their types and where the file has them."""
    places: dict[str, Span] = {}
    for column in data.columns:
        if repeated(names, "column", column.name, places):
            continue
        checked = _column_type(names, data, column) if only_spans_have_two(names, column) else None
        source, second = sources_of(column)
        names.columns[column.name.text] = (
            None if checked is None else ir.DataColumn(column.name.text, checked, source, column.span, second)
        )


def repeated(names: Names, what: str, name: ast.Name, places: dict[str, Span]) -> bool:
    """Whether a name is declared for the second time, which is an error; otherwise its place is remembered."""
    before = places.get(name.text)
    if before is None:
        places[name.text] = name.span
        return False
    names.report(
        "duplicate-name",
        f"there are two {what}s called `{name.text}`",
        name,
        "declared again here",
        others=[(before, "declared first here")],
        helps=["give one of them another name, or remove it"],
    )
    return True


def is_new(names: Names, what: str, name: ast.Name, places: dict[str, Span]) -> bool:
    """Whether a name is free: of its own sort, and of those that stand in the same places."""
    if repeated(names, what, name, places):
        return False
    other = names.holder_of(name.text)
    if other is None:
        return True
    names.report(
        "duplicate-name", f"`{name.text}` is already {other}", name, "the same name", helps=["choose another name"]
    )
    return False


def _column_type(names: Names, data: ast.Data, column: ast.DataColumn) -> Type | None:
    match column.type:
        case ast.TextType():
            return types.TEXT
        case ast.NumberType(low=low, high=high):
            return _number_type(names, column.type, low, high)
        case ast.TimeType():
            return types.TIME
        case ast.YesNoType():
            return types.YES_NO
        case ast.ChoiceType(choices=choices):
            return _choice_type(names, choices)
        case ast.ListType(of=of):
            return types.TEXTS if of == "text" else types.NUMBERS
        case ast.SpanType():
            return span_type(names, data, column, column.type)


def _number_type(names: Names, node: ast.NumberType, low: ast.Number | None, high: ast.Number | None) -> Type | None:
    if low is not None and high is not None and low.value > high.value:
        names.report(
            "empty-range",
            f"no number is at least {low.text} and at most {high.text}",
            node,
            helps=[f"write `number from {high.text} to {low.text}`"],
        )
        return None
    return Type(Kind.NUMBER, low=None if low is None else low.value, high=None if high is None else high.value)


def _choice_type(names: Names, choices: tuple[ast.String, ...]) -> Type:
    places: dict[str, Span] = {}
    for choice in choices:
        repeated(names, "choice", ast.Name(text=choice.text, span=choice.span), places)
    return Type(Kind.CHOICE, choices=tuple(places))


def percent_of(number: ast.Number) -> float:
    """The percents that a number says: 13 for `13%`, and for `0.13`."""
    return float(number.text.rstrip("%").replace("_", "")) if number.percent else number.value * 100


# --------------------------------------------------------------------------------------------------------------- terms


class TermsBuilder:
    """Resolves `terms` blocks when they are asked for, so that lists may include lists in any order."""

    def __init__(self, names: Names, blocks: Iterable[ast.Terms]) -> None:
        self.names = names
        self.blocks = {block.name.text: block for block in blocks}
        self.building: list[str] = []

    def build_all(self) -> None:
        """Resolve every list of the file."""
        for name in self.blocks:
            self.build(name)

    def build(self, name: str) -> ir.TermList | None:
        """The list of a name, which this file declares."""
        if name in self.names.terms or name not in self.blocks:
            return self.names.terms.get(name)
        self.building.append(name)
        resolved = self._resolve(self.blocks[name])
        self.building.pop()
        self.names.terms[name] = resolved
        return resolved

    def _resolve(self, block: ast.Terms) -> ir.TermList | None:
        lists: list[ir.TermList] = []
        masks: list[ir.Term] = []
        healthy = takes_no_ids(self.names, block)
        for line in block.lines:
            found = self._line(line)
            if found is None:
                healthy = False
                continue
            if isinstance(line, ast.TermsLine) and line.masks:
                masks += [*found.terms, *found.masks]
            else:
                lists.append(found)
        if healthy and not any(one.terms for one in lists):
            self.names.report(
                "empty-terms",
                f"the terms list `{block.name.text}` is empty",
                block.name,
                "nothing can be found with it",
                helps=['add a term, for example `"check out"`'],
            )
            healthy = False
        if not healthy:
            return None
        return ir.joined(_also_masked(lists, masks), block.name.text)

    def _line(self, line: ast.TermsLine | ast.TermsFile | ast.TermsOntology) -> ir.TermList | None:
        match line:
            case ast.TermsOntology():
                return self._ontology(line)
            case ast.TermsFile(path=path, column=column):
                return self._file(path, column)
            case ast.TermsLine(mode=mode, terms=written):
                parts = [self._item(item, mode) for item in written]
                return ir.joined(part for part in parts if part is not None) if None not in parts else None

    def _item(self, item: ast.String | ast.Name, mode: ast.TermMode | None) -> ir.TermList | None:
        if isinstance(item, ast.String):
            term = make_term(self.names, item)
            return None if term is None else ir.TermList(in_mode((term,), mode))
        if len(self.building) > MOST_NESTED:
            self.names.report("too-large", f"more than {MOST_NESTED} terms lists include one another", item)
            return None
        if item.text in self.building:
            self.names.report(
                "circular-use",
                f"the terms list `{item.text}` includes itself",
                item,
                helps=["remove one of the lists from the other"],
            )
            return None
        if item.text in self.blocks:
            included = self.build(item.text)
        else:
            lists = {**self.names.terms, **dict.fromkeys(self.blocks)}
            is_word = not item.text.isupper() and did_you_mean(item.text, lists) is None
            helps = [f'did you mean `"{item.text}"`?'] if is_word else []
            label = "names without quotes are lists; words need quotes" if is_word else ""
            included = self.names.find("terms list", lists, item, *helps, label=label)
        if included is None or mode is None:
            return included
        return ir.joined(ir.TermList(in_mode(one.terms, mode), one.masks) for one in included.each)

    def _file(self, path: ast.String, column: ast.String | None) -> ir.TermList | None:
        found = self.names.resolver.terms(path.text, None if column is None else column.text)
        if isinstance(found, Refusal):
            refuse(self.names, found, column if found.kind == "unknown-column" and column is not None else path)
            return None
        terms = []
        for text in found:
            if never_matches(text):
                self.names.report(
                    "term-never-matches",
                    f"`{path.text}` holds a term that is never found: `{text}`",
                    path,
                    helps=[
                        "a term has at least one letter, digit or sign; `*` stands for an unknown word beside known ones"
                    ],
                )
                return None
            if _too_long(self.names, text, path):
                return None
            terms.append(ir.Term(text))
        if not terms:
            self.names.report("empty-terms", f"`{path.text}` holds no terms", path, "nothing can be found with it")
            return None
        return ir.TermList(tuple(terms))

    def _ontology(self, line: ast.TermsOntology) -> ir.TermList | None:
        found = ontology_terms(self.names, line)
        if found is None:
            return None
        # A name that ends a word in a star would be taken for many words; nothing in the ontology means that.
        kept = (text for text in found if len(text) <= LONGEST_TERM and not ENDS_IN_STAR.search(text))
        return ir.TermList(tuple(map(ir.Term, kept)))


def in_mode(terms: Iterable[ir.Term], mode: ast.TermMode | None) -> tuple[ir.Term, ...]:
    """Terms as they are looked for under `exact case`, `exactly`, or in `any form of` them."""
    match mode.word if mode else "":
        case "exact case":
            return tuple(replace(term, exact_case=True) for term in terms)
        case "exactly":
            return tuple(replace(term, exactly=True) for term in terms)
        case "any form of":
            from snorkel_dsl.language.text.inflection import forms

            return tuple(replace(term, text=form) for term in terms for form in forms(term.text))
        case _:
            return tuple(terms)


def make_term(names: Names, written: ast.String, plain: bool = False) -> ir.Term | None:
    """A term as written between quotes; of `plain` characters, a blank and a `*` are some."""
    if not written.text if plain else never_matches(written.text):
        names.report(
            "term-never-matches",
            f"the term `{written.text}` is never found",
            written,
            "there is nothing to look for" if not written.text.strip() else "any word at all would do",
            helps=["a term has at least one letter, digit or sign; `*` stands for an unknown word beside known ones"],
        )
        return None
    if _too_long(names, written.text, written):
        return None
    return ir.Term(written.text)


def _too_long(names: Names, text: str, at: ast.Node) -> bool:
    """Whether a term is longer than anything that is looked for; if so, that is said."""
    if len(text) > LONGEST_TERM:
        names.report("too-large", f"a term has {len(text):_} characters, more than {LONGEST_TERM:_}", at)
    return len(text) > LONGEST_TERM


def never_matches(text: str) -> bool:
    """Whether nothing is left of a term after folding: white space, or nothing but `*`."""
    return not text.replace("*", " ").strip()


def _also_masked(lists: Iterable[ir.TermList], masks: Iterable[ir.Term]) -> Iterator[ir.TermList]:
    """Lists to which a list's own `except` applies as well."""
    for one in lists:
        for part in one.each:
            yield ir.TermList(part.terms, tuple(dict.fromkeys((*part.masks, *masks))))


def refuse(names: Names, refusal: Refusal, at: ast.Node) -> None:
    """Say why a file was not read, at the place where it is named."""
    names.report(refusal.kind, refusal.message, at, refusal.label, helps=refusal.helps)


# --------------------------------------------------------------------------------------------------- sections, lookups


def declare_sections(names: Names, block: ast.Sections, places: dict[str, Span]) -> None:
    """The sections of a text column."""
    column = names.find("column", names.columns, block.column)
    if column is not None and column.type.kind is not Kind.TEXT:
        names.report("wrong-type", f"`{column.name}` is not a text, so it has no sections", block.column)
        column = None
    for section in block.sections:
        if not is_new(names, "section", section.name, places):
            continue
        if len(names.sections) == MOST_SECTIONS:  # each ends at the headings of all others
            names.report("too-large", f"more than {MOST_SECTIONS} sections", section.name, "one too many")
            break
        found = _section(names, section)
        named = None if column is None or found is None else NamedSection(column.name, found)
        names.sections[section.name.text] = named


def _section(names: Names, section: ast.SectionHeaded | ast.SectionBetween) -> ir.Section | ir.HeadedSection | None:
    match section:
        case ast.SectionHeaded(name=name, headings=headings):
            for heading in headings:
                if not heading.text.strip(" :"):
                    names.report("empty-text", "a heading has at least one word", heading, "no heading")
                    return None
                if len(heading.text) > LONGEST_TERM:
                    message = f"a heading has {len(heading.text):_} characters, more than {LONGEST_TERM:_}"
                    names.report("too-large", message, heading)
                    return None
                if ENDS_IN_STAR.search(heading.text):
                    help_text = 'write each of its forms: `headed "finding" or "findings"`'
                    message = f"the heading `{heading.text}` is never found"
                    names.report("term-never-matches", message, heading, "headings have no endings", helps=[help_text])
                    return None
            return ir.HeadedSection(tuple(dict.fromkeys(heading.text for heading in headings)), (), name.text)
        case ast.SectionBetween(name=name, start=start, end=end):
            for marker in (start, end):
                if not marker.text:
                    names.report("empty-text", "a section cannot begin or end at nothing", marker, "no marker")
                    return None
            return ir.Section(start.text, end.text, name.text)


def end_at_headings(names: Names) -> None:
    """Let each section by its headings end at those of the other sections of its column, and at common ones."""
    headed = {
        name: (named.column, named.section)
        for name, named in names.sections.items()
        if named is not None and isinstance(named.section, ir.HeadedSection)
    }
    for name, (column, section) in headed.items():
        others = {heading for other, one in headed.values() if other == column for heading in one.headings}
        others = {*others, *COMMON} - set(section.headings)
        names.sections[name] = NamedSection(column, replace(section, others=tuple(sorted(others))))


def declare_lookup(names: Names, block: ast.Lookup) -> None:
    """A table of names or pairs, read from its file."""
    columns: tuple[ast.Name, ...] = ()
    for item in block.items:
        if isinstance(item, ast.LookupColumns):
            columns += item.names
    names.lookups[block.name.text] = None
    if len(columns) > 2:
        names.report(
            "wrong-arguments",
            f"the lookup `{block.name.text}` has {len(columns)} columns",
            columns[2],
            "one too many",
            helps=["a lookup is by one column, or by a pair of columns"],
        )
        return
    found = names.resolver.lookup(block.path.text, tuple(column.text for column in columns))
    if isinstance(found, Refusal):
        refuse(names, found, _place_of_refusal(block, columns, found))
        return
    names.lookups[block.name.text] = _table(names, block, found)


def _place_of_refusal(block: ast.Lookup, columns: tuple[ast.Name, ...], refusal: Refusal) -> ast.Node:
    for column in columns:
        if refusal.kind == "unknown-column" and f"`{column.text}`" in refusal.message:
            return column
    return block.path


def _table(names: Names, block: ast.Lookup, rows: tuple[tuple[str, ...], ...]) -> ir.LookupTable | None:
    from snorkel_dsl.language.text.characters import simple_fold

    width = len(rows[0]) if rows else 0
    if width not in (1, 2):
        names.report(
            "empty-lookup" if not rows else "wrong-arguments",
            f"`{block.path.text}` has no rows" if not rows else f"`{block.path.text}` has {width} columns",
            block.path,
            helps=[] if not rows else ["name one or two of them: `column name`, `columns name1, name2`"],
        )
        return None
    ignoring_case = any(isinstance(item, ast.IgnoringCase) for item in block.items)
    either_order = [item for item in block.items if isinstance(item, ast.EitherOrder)]
    if either_order and width == 1:
        names.report(
            "wrong-arguments", "`either order` needs a lookup of pairs", either_order[0], "there is one column"
        )
    keys = {tuple(map(simple_fold, row)) if ignoring_case else row for row in rows}
    if either_order:
        keys |= {row[::-1] for row in keys}
    return ir.LookupTable(width, tuple(sorted(keys)), ignoring_case, block.name.text)


def likely_choice(value: str, choices: Iterable[str]) -> str | None:
    """A help that names the choice that may be meant."""
    likely = did_you_mean(value, choices)
    return None if likely is None else f'did you mean `"{likely}"`?'
