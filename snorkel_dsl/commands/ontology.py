"""`ontology`: what an ontology holds below a node, and which of its terms some texts mention most."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snorkel_dsl.commands._options import comma_separated, reading_options, together
from snorkel_dsl.commands._output import result
from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.diagnostics import Diagnostic, RulesError, did_you_mean
from snorkel_dsl.language.check.resolving import OntologyQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snorkel_dsl.datasets.reading import Dataset
    from snorkel_dsl.knowledge.ontology import Table
    from snorkel_dsl.report.ontologies import Ranking

_SCOPES = ("exact", "narrow", "related", "broad")

file_argument = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
query_options = together(
    click.option("--below", multiple=True, metavar="NODE", help="An id or a name. May be repeated."),
    click.option("--levels", type=click.IntRange(min=0), metavar="N", help="At most so many levels below."),
    click.option(
        "--synonyms",
        default="exact,narrow",
        show_default=True,
        metavar="A,B,…",
        help="Of exact, narrow, related and broad; or none.",
    ),
    click.option("--languages", default="", metavar="A,B,…", help="The languages of names; else English."),
    click.option("--keep-obsolete", is_flag=True, help="Take what the ontology has retired as well."),
)
format_option = click.option(
    "--output-format", type=click.Choice(("full", "json")), default="full", show_default=True, help="How it is printed."
)


@click.group()
def command() -> None:
    """Look into an ontology: OBO, OBO graph JSON, OWL, SKOS, or a table."""


@command.command()
@file_argument
@query_options
@format_option
def show(file: Path, output_format: str, **options: Any) -> int:
    """Show what FILE holds: its release, its size, its topmost nodes; or the terms below a node.

    \b
    Examples:
      snorkel-dsl ontology show hp.obo
      snorkel-dsl ontology show hp.obo --below "Abnormality of the respiratory system" --levels 2
    """
    ontology, query = _read(file), _query(options)

    from snorkel_dsl.knowledge.ontology import tree_below
    from snorkel_dsl.report import ontologies

    if not query.below and output_format == "full":
        result(ontologies.summary(file.name, ontology))
        return 0
    with _said():
        tree = tree_below(ontology, _of_all(ontology, query), file.name)
    write = ontologies.below_as_json if output_format == "json" else ontologies.below
    result(write(file.name, ontology, query, tree))
    return 0


@command.command()
@file_argument
@click.option("--data", required=True, metavar="DATA", help="Texts without labels: a file, `-`, or a named dataset.")
@click.option("--column", default="text", show_default=True, metavar="COLUMN", help="The column that holds the texts.")
@query_options
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many nodes of each list.")
@click.option("--vocabulary", multiple=True, metavar="NAME", help="Only this list. May be repeated.")
@format_option
@reading_options
@click.option("--config", type=click.Path(path_type=Path), help="The settings file, instead of the nearest upward.")
def rank(
    file: Path, data: str, column: str, top: int, vocabulary: tuple[str, ...], output_format: str, **options: Any
) -> int:
    """Rank the nodes of FILE by how many rows of some texts mention them: one list for each vocabulary.

    A row mentions a node where one of its names occurs as whole words. A node belongs to the vocabulary of its own id, and
    to each that it is linked to (its cross-references): so the lists show which vocabularies cover the texts.

    \b
    Example:
      snorkel-dsl ontology rank hp.obo --data reports.csv --below "Abnormality of the respiratory system"
    """
    ontology, query = _read(file), _query(options)

    from snorkel_dsl.knowledge.ontology import nodes_below
    from snorkel_dsl.report import ontologies
    from snorkel_dsl.report.table import count, percent

    with _said():
        nodes = nodes_below(ontology, _of_all(ontology, query), file.name)
    chosen = _data(data, column, options)
    found = ontologies.measure(_texts(chosen, column), nodes, query)
    lists = _only(ontologies.rankings(nodes, found), vocabulary)
    if output_format == "json":
        result(ontologies.ranking_as_json(file.name, ontology, lists, found, top))
        return 0
    covered = percent(found.covered / found.rows) if found.rows else "none"
    head = [
        f"{file.name}: {count(len(nodes), 'node')}" + (f" below {' or '.join(query.below)}" if query.below else ""),
        f"{chosen.name}: {count(found.rows, 'row')}, of which {found.covered:,} ({covered}) mention some node",
    ]
    result(ontologies.ranking_as_text(head, lists, found, top))
    return 0


def _read(file: Path) -> Table:
    """The table of an ontology. Raises RulesError where it cannot be read."""
    from snorkel_dsl.knowledge.ontology import open_ontology, read_ontology

    if not file.is_file():
        raise refusal("missing-file", f"there is no file `{file}`")
    with _said():
        return read_ontology(open_ontology(file, file.name))


@contextmanager
def _said() -> Iterator[None]:
    """What an ontology refuses, as a message of the command."""
    from snorkel_dsl.knowledge.ontology import UnreadableError

    try:
        yield
    except UnreadableError as error:
        refused = error.refusal
        label = f" ({refused.label})" if refused.label else ""
        raise RulesError([Diagnostic(refused.kind, refused.message + label, helps=refused.helps)]) from error


def _query(options: dict[str, Any]) -> OntologyQuery:
    """The query of the options. Raises RulesError where a scope is none."""
    scopes = comma_separated(options["synonyms"])
    for scope in scopes:
        if scope not in (*_SCOPES, "none"):
            close = did_you_mean(scope, (*_SCOPES, "none"))
            helps = [f"did you mean `{close}`?"] if close else []
            listed = f"they are {', '.join(_SCOPES)}; or `none`"
            raise refusal("bad-option", f"no synonyms are called `{scope}`", *helps, listed)
    return OntologyQuery(
        tuple(options["below"]),
        tuple(scope for scope in _SCOPES if scope in scopes),
        options["levels"],
        options["keep_obsolete"],
        tuple(tag.lower() for tag in comma_separated(options["languages"])),
    )


def _of_all(ontology: Table, query: OntologyQuery) -> OntologyQuery:
    """A query that names no node is about all: what stands below the topmost ones."""
    from snorkel_dsl.knowledge.ontology import topmost

    return query if query.below else replace(query, below=tuple(node.id for node in topmost(ontology)))


def _data(name: str, column: str, options: dict[str, Any]) -> Dataset:
    """The texts. Raises RulesError where they cannot be read, or have no such column."""
    from snorkel_dsl.commands._data import choose_data
    from snorkel_dsl.commands._project import project_for
    from snorkel_dsl.language import ir

    settings = project_for(Path.cwd(), options["config"]).settings
    reading = {
        name: options[name] for name in ("data_format", "encoding", "delimiter", "no_header", "names", "missing")
    }
    nothing = ir.Program("", (), (), (), ())
    chosen = choose_data(name, reading | {"columns": ()}, settings, nothing).data
    chosen.require(column, "to rank by")
    return chosen


def _texts(data: Dataset, column: str) -> Iterator[str | None]:
    for batch in data.batches([column]):
        for value in batch.column(0).to_pylist():
            yield None if value is None else str(value)


def _only(lists: list[Ranking], wanted: tuple[str, ...]) -> list[Ranking]:
    """The lists that are asked for. Raises RulesError where there is none of that name."""
    known = [one.source for one in lists]
    for name in wanted:
        if name not in known:
            close = did_you_mean(name, known)
            helps = f"did you mean `{close}`?" if close else f"they are {', '.join(known)}"
            raise refusal("bad-option", f"no vocabulary is called `{name}`", helps)
    return [one for one in lists if not wanted or one.source in wanted]
