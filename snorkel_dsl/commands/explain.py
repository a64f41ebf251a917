"""`explain`: the page of a diagnostic; why a row of some data gets its label, and why a rule does or does not vote there;
what a list of terms comes to; how the rules are computed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from snorkel_dsl.commands._options import (
    balance_option,
    data_options,
    fault_options,
    gold_options,
    model_option,
    project_options,
)
from snorkel_dsl.commands._output import result
from snorkel_dsl.commands._project import load_rules, project_for
from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.diagnostics import did_you_mean


@click.command()
@click.argument("what", metavar="DIAGNOSTIC|RULES")
@click.argument("data", required=False, metavar="[DATA]")
@click.option(
    "--row", type=click.IntRange(min=1), metavar="N", help="The row to explain, counted from 1 without a header."
)
@click.option("--rule", metavar="NAME", help="Only this rule: why it votes on the row, or why not. No model is fitted.")
@click.option("--terms", metavar="LIST", help="What this list of RULES comes to: every term that is looked for.")
@click.option("--plan", is_flag=True, help="How RULES are computed: every value once, and which rule uses it.")
@model_option("The label model, fitted on all of DATA.")
@balance_option
@gold_options
@fault_options
@data_options
@project_options
def command(
    what: str,
    data: str | None,
    row: int | None,
    rule: str | None,
    terms: str | None,
    plan: bool,
    model: str,
    **options: Any,
) -> int:
    """Explain a mistake, the label of a row, what a list of terms comes to, or how the rules are computed.

    For a row: its label and probabilities, each rule that votes, where in the file and in the text that comes from, and
    what the probability would be without that vote. With --rule NAME only that rule: why it votes there, or why not.

    \b
    Examples:
      snorkel-dsl explain unknown-name
      snorkel-dsl explain my.rules reports.csv --row 5
      snorkel-dsl explain my.rules reports.csv --row 5 --rule few_words
      snorkel-dsl explain my.rules --terms PROMOTION
      snorkel-dsl explain my.rules --plan
    """
    if terms is not None:
        result(_terms(Path(what), terms, options))
        return 0
    if plan:
        result(_plan(Path(what), options))
        return 0
    if data is None and row is None:
        result(_page(what))
        return 0
    if data is None or row is None:
        missing = "which row is to be explained" if row is None else "the data of the row is not given"
        raise refusal("bad-usage", missing, f"write `snorkel-dsl explain {what} {data or 'DATA'} --row {row or 1}`")
    from snorkel_dsl.commands._explaining import explain_row

    rules = Path(what)
    project = project_for(rules, options.pop("config"), options.pop("roots"))
    text, code = explain_row(load_rules(rules, project), project, data, row, rule, model, options)
    result(text)
    return code


def _terms(rules: Path, name: str, options: dict[str, Any]) -> str:
    """Every term of a list. Raises RulesError, with a suggestion, where there is no such list."""
    from snorkel_dsl.report.terms import as_text

    lists = load_rules(rules, project_for(rules, options["config"], options["roots"])).program.terms
    if name in lists:
        return as_text(name, lists[name])
    close = did_you_mean(name, lists)
    known = f"the lists are {', '.join(lists)}" if lists else "the file has none"
    raise refusal(
        "unknown-terms", f"`{rules}` has no terms list `{name}`", f"did you mean `{close}`?" if close else known
    )


def _plan(rules: Path, options: dict[str, Any]) -> str:
    """Every value that the rules ask for, numbered, and what each rule makes of them."""
    from snorkel_dsl.engine.plan import plan

    return str(plan(load_rules(rules, project_for(rules, options["config"], options["roots"])).program)).rstrip()


def _page(kind: str) -> str:
    """The page of a diagnostic. Raises RulesError, with a suggestion, where there is none."""
    import snorkel_dsl.diagnostics

    folder = Path(snorkel_dsl.diagnostics.__file__).parent / "pages"
    kinds = [page.stem for page in folder.glob("*.md")]
    if kind in kinds:
        return (folder / f"{kind}.md").read_text(encoding="utf-8").rstrip()
    close = did_you_mean(kind, kinds)
    helps = [f"did you mean `{close}`?"] if close else ["a diagnostic's name stands in brackets: `error[unknown-name]`"]
    if kind.endswith(".rules"):
        helps = [f"to explain a row: `snorkel-dsl explain {kind} DATA --row 1`"]
    raise refusal("unknown-diagnostic", f"no diagnostic is called `{kind}`", *helps)
