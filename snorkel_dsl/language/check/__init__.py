"""From a tree to its meaning: names and types are checked, sugar is taken away, and an `ir.Program` is left.

All mistakes of a file are said in one run, and none twice: what is declared wrongly is still declared. The order is that
of dependence: header, data, tasks, terms, sections, lookups, conditions, rules; the blocks of a file may stand in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.contexts import declare_contexts
from snorkel_dsl.language.check.declarations import (
    TermsBuilder,
    check_language,
    check_version,
    declare_columns,
    declare_lookup,
    declare_sections,
    end_at_headings,
    is_new,
    refuse,
    repeated,
)
from snorkel_dsl.language.check.functions import beside_functions, use_functions
from snorkel_dsl.language.check.later import refuse_block
from snorkel_dsl.language.check.named import ConditionsBuilder
from snorkel_dsl.language.check.requirements import check_requirements, refuse_impossible_labels
from snorkel_dsl.language.check.resolving import NoFiles, Refusal, Resolver, UsedRules
from snorkel_dsl.language.check.rules import CheckedRule, check_rule
from snorkel_dsl.language.check.scope import Names, Problems
from snorkel_dsl.language.check.tasks import declare_tasks
from snorkel_dsl.language.hashing import Forms
from snorkel_dsl.language.types import Signature
from snorkel_dsl.source import Source, Span

T = TypeVar("T", bound=ast.Node)

__all__ = ["NoFiles", "Refusal", "Resolver", "UsedRules", "check"]


def check(
    file: ast.File,
    source: Source,
    signatures: Mapping[str, Signature],
    resolver: Resolver,
    hashed: bool = True,
) -> tuple[ir.Program | None, list[Diagnostic]]:
    """Check a file: the program of its healthy part, and all that is wrong with it, in the order of the places.

    The program is None where there is no sound data block or task, so that nothing could run. `signatures` are those of
    the catalog of operators; `resolver` opens the files that the rules name. Where nothing is to be run, the functions need
    not be `hashed`.
    """
    problems = Problems()
    names = Names(source, problems, signatures, resolver)
    _declare(names, file)
    rules = _check_rules(names, file)
    refuse_impossible_labels(names)
    program = _program(names, file, rules)
    if hashed and program is not None:
        forms = Forms(program)
        with_hashes = (replace(one, semantic_hash=forms.semantic_hash(one)) for one in program.functions)
        program = replace(program, functions=tuple(with_hashes))
    return program, sorted(problems.found.values(), key=lambda diagnostic: diagnostic.sort_key)


def blocks_of(file: ast.File, kind: type[T]) -> list[T]:
    """The blocks of a file that are of a class."""
    return [block for block in file.blocks if isinstance(block, kind)]


# -------------------------------------------------------------------------------------------------------- declarations


def _declare(names: Names, file: ast.File) -> None:
    """Everything but the rules."""
    names.poisoned = frozenset(_lost_names(names.source, file))
    names.incomplete = any(block.declared is None for block in blocks_of(file, ast.Broken))
    for block in file.blocks:
        refuse_block(names, block)
    _check_headers(names, file)
    _declare_data(names, file)
    _declare_tasks(names, file)
    _declare_shared(names, file)


_WORD = re.compile(r"[A-Za-z_]\w*|(?<=`)[^`\n]+(?=`)")
_SWALLOWED = re.compile(r"\n[ \t]+(data|task|terms|sections|lookup|condition|use)[ \t]")


def _lost_names(source: Source, file: ast.File) -> Iterable[str]:
    """Names that count as declared although nothing is known of them.

    A block that could not be read declares every word in it, except a rule, which declares nothing inside itself; but where
    its indentation is wrong it may have swallowed the blocks after it.
    """
    for block in file.blocks:
        match block:
            case ast.Broken(keyword=keyword, declared=declared, names=inside):
                yield from (name.text for name in inside)
                if declared is not None:
                    yield declared.text
                text = source.slice(block.span)
                if keyword != "rule" or _SWALLOWED.search(text):
                    yield from _WORD.findall(text)
            case ast.Slice() | ast.Transform() | ast.Augment():
                yield block.name.text


def _only(names: Names, blocks: list[T], keyword: str, why: str) -> T | None:
    """The only block of its sort; any further one is an error."""
    for again in blocks[1:]:
        names.report(
            "repeated-block",
            f"there are two `{keyword}` blocks",
            _head(names, again),
            why,
            others=[(_head(names, blocks[0]), "the first is here")],
        )
    return blocks[0] if blocks else None


def _head(names: Names, block: ast.Node) -> Span:
    """The first line of a block."""
    written = names.source.slice(block.span)
    return Span(block.span.start, block.span.start + len(written.split("\n")[0].split("#")[0].rstrip()))


def _check_headers(names: Names, file: ast.File) -> None:
    language = _only(names, blocks_of(file, ast.Language), "language", "one is enough")
    if language is not None:
        check_language(names, language)
    package = _only(names, blocks_of(file, ast.Package), "package", "a file is one package")
    if package is not None:
        check_version(names, package)


def _declare_data(names: Names, file: ast.File) -> None:
    data = _only(names, blocks_of(file, ast.Data), "data", "a file is about one table")
    if data is not None:
        declare_columns(names, data)
    else:
        _missing(names, file, "data", "no-data", "nothing says what the columns are", "data comment\n    text  text")


def _missing(names: Names, file: ast.File, keyword: str, kind: str, label: str, example: str) -> None:
    if not blocks_of(file, ast.Rule) or blocks_of(file, ast.Broken):
        return  # it may be one of those that could not be read
    first = blocks_of(file, ast.Rule)[0]
    names.report(
        kind, f"there is no `{keyword}` block", _head(names, first), label, helps=[f"write one above:\n{example}"]
    )


def _declare_tasks(names: Names, file: ast.File) -> None:
    data = blocks_of(file, ast.Data)
    for task in blocks_of(file, ast.Task):
        if task.on is not None and data and task.on.text != data[0].name.text:
            names.unknown("data block", [data[0].name.text], task.on)
    declare_tasks(names, blocks_of(file, ast.Task))
    names.require_lines = check_requirements(names, file.blocks)
    if not names.tasks:
        example = "task spam on comment\n    labels HAM, SPAM"
        _missing(names, file, "task", "no-task", "nothing says what the labels are", example)


def _declare_shared(names: Names, file: ast.File) -> None:
    """What rules share: terms, sections, lookups, conditions, and what is used from other files."""
    _use_names(names, file)
    use_functions(names, blocks_of(file, ast.UsePlugin))
    places: dict[str, Span] = {}
    terms = [block for block in blocks_of(file, ast.Terms) if is_new(names, "terms list", block.name, places)]
    TermsBuilder(names, terms).build_all()
    places = {}
    for sections in blocks_of(file, ast.Sections):
        declare_sections(names, sections, places)
    end_at_headings(names)
    places = {}
    for lookup in blocks_of(file, ast.Lookup):
        if is_new(names, "lookup", lookup.name, places):
            declare_lookup(names, lookup)
    declare_contexts(names, file)
    places = {}
    conditions = [block for block in blocks_of(file, ast.Condition) if is_new(names, "condition", block.name, places)]
    ConditionsBuilder(names, beside_functions(names, conditions)).build_all()


# ---------------------------------------------------------------------------------------------------- names of other files


def _use_names(names: Names, file: ast.File) -> None:
    for use in blocks_of(file, ast.UseNames):
        found = names.resolver.rules(use.path.text)
        if isinstance(found, Refusal):
            refuse(names, found, use.path)
            names.poisoned |= {name.text for name in use.names}
            continue
        if found.source.name not in names.used:
            names.used[found.source.name] = _names_of(names, found)
        for name in use.names:
            _take(names, names.used[found.source.name], name)


def _names_of(names: Names, found: UsedRules) -> Names:
    """What another file declares; every file is checked once, however many others use it."""
    other = Names(
        found.source, names.problems, names.signatures, found.resolver, patterns=names.patterns, used=names.used
    )
    for diagnostic in found.diagnostics:
        names.problems.add(found.source, diagnostic)
    other.poisoned = frozenset(_lost_names(found.source, found.file))
    other.incomplete = any(block.declared is None for block in blocks_of(found.file, ast.Broken))
    _declare_for_others(other, found.file)
    return other


def _declare_for_others(other: Names, file: ast.File) -> None:
    """What a file gives to others: terms, lookups and conditions; its columns are known to its own conditions only."""
    for data in blocks_of(file, ast.Data)[:1]:
        declare_columns(other, data)
    _declare_shared(other, file)


def _take(names: Names, other: Names, name: ast.Name) -> None:
    own = names.holder_of(name.text)
    if own is not None:
        names.report(
            "duplicate-name", f"`{name.text}` is already {own} of this file", name, helps=["rename one of them"]
        )
        return
    if name.text in other.terms:
        names.terms[name.text] = other.terms[name.text]
    elif name.text in other.lookups:
        names.lookups[name.text] = other.lookups[name.text]
    elif name.text in other.contexts:
        names.contexts[name.text] = other.contexts[name.text]
    elif name.text in other.conditions:
        _take_condition(names, other, name)
    elif other.is_poisoned(name.text):
        names.poisoned |= {name.text}
    else:
        names.poisoned |= {name.text}
        given = [*other.terms, *other.lookups, *other.contexts, *other.conditions]
        what = other.kind_of(name.text)
        label = f"there it is {what}" if what else f"not declared in `{other.source.name}`"
        names.unknown("terms list, lookup, context or condition", given, name, label=label)


def _take_condition(names: Names, other: Names, name: ast.Name) -> None:
    condition = other.conditions[name.text]
    names.conditions[name.text] = condition
    if condition is None or not ir.columns_of(condition.body):
        return
    names.conditions[name.text] = None
    names.report(
        "wrong-arguments",
        f"the condition `{name.text}` asks something of the columns of its own file",
        name,
        "cannot be used from here",
        helps=[f"give it a parameter there: `condition {name.text} of some text as it`"],
    )


# ----------------------------------------------------------------------------------------------------------- the program


def _check_rules(names: Names, file: ast.File) -> list[CheckedRule]:
    blocks = blocks_of(file, ast.Rule)
    places: dict[str, Span] = {}
    new = [block for block in blocks if not repeated(names, "rule", block.name, places)]
    names.rules = places
    checked = [check_rule(names, block) for block in new]
    return [rule for rule in checked if rule is not None]


def _program(names: Names, file: ast.File, rules: list[CheckedRule]) -> ir.Program | None:
    data, packages = blocks_of(file, ast.Data), blocks_of(file, ast.Package)
    if not data or not names.tasks:
        return None
    package = packages[0] if packages else None
    prefix = "" if package is None else f"{package.name.text}."
    return ir.Program(
        data[0].name.text,
        tuple(column for column in names.columns.values() if column is not None),
        tuple(names.tasks.values()),
        tuple(replace(function, name=prefix + function.name) for rule in rules for function in rule.functions),
        tuple(_with_prefix(rule.rule, prefix) for rule in rules),
        None if package is None else package.name.text,
        None if package is None or package.version is None else package.version.text,
        names.source,
        {name: condition.body for name, condition in names.conditions.items() if condition is not None},
        names.require_lines,
        {name: terms for name, terms in names.terms.items() if terms is not None},
    )


def _with_prefix(rule: ir.Rule, prefix: str) -> ir.Rule:
    return replace(rule, functions=tuple(prefix + name for name in rule.functions))
