"""The contexts that ship with the package. Each stands in a rules file of its name, below `rulesets/std`.

What these files come to is generated beside them as JSON, because reading them takes longer than checking a small file.
After a change of one:

    python -m snorkel_dsl.knowledge.contexts
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language.check.resolving import NoFiles, Refusal
from snorkel_dsl.language.ir import Context, Cue, Term


def shipped_rulesets() -> Path:
    """Where the rules that ship are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_rulesets"
    return inside if inside.is_dir() else package.parent / "rulesets"


def _folder() -> Path:
    return shipped_rulesets() / "std"


@cache
def _written() -> Mapping[str, Any]:
    """What is generated, by the name of the context."""
    found: dict[str, Any] = json.loads((_folder() / "contexts.json").read_text(encoding="utf-8"))
    return found


@cache
def shipped_context(name: str) -> Context | Refusal:
    """The context of a name."""
    known = _written()
    if name in known:
        return _read(known[name], name)
    likely = did_you_mean(name, known)
    listed = ", ".join(f"`{one}`" for one in sorted(known))
    helps = (f"these ship: {listed}",) if likely is None else (f"did you mean `{likely}`?",)
    return Refusal("unknown-name", f"no context that ships is called `{name}`", "not one of the package's", helps)


def _read(table: Mapping[str, Any], name: str) -> Context:
    cues = tuple(Cue(axis, after, _term(term), reach) for axis, after, term, reach in table["cues"])
    extends = tuple(_read(_written()[base], base) for base in table["extends"])
    return Context(cues, tuple(map(_term, table["not_cues"])), tuple(map(_term, table["stops"])), name, extends)


def _term(written: str | list[Any]) -> Term:
    return Term(written) if isinstance(written, str) else Term(*written)


# ---------------------------------------------------------------------------------------------------------- generating


class _FromRules(NoFiles):
    """Gives the contexts that ship as their rules files say them."""

    def context(self, name: str) -> Context | Refusal:
        """A context, from its rules file."""
        return resolved(name)


def resolved(name: str) -> Context:
    """A context that ships, as its rules file says it. Raises RulesError where that file has mistakes."""
    from snorkel_dsl.diagnostics import RulesError
    from snorkel_dsl.language.check.contexts import declare_contexts
    from snorkel_dsl.language.check.scope import Names, Problems
    from snorkel_dsl.language.parse import parse
    from snorkel_dsl.source import Source

    source = Source(f"{name}.rules", (_folder() / f"{name}.rules").read_text(encoding="utf-8"))
    file, diagnostics = parse(source)
    names = Names(source, Problems(), {}, _FromRules())
    declare_contexts(names, file)
    found = names.contexts.get(name)
    if found is None or diagnostics or names.problems.found:
        raise RulesError([*diagnostics, *names.problems.found.values()])
    return found


def generated() -> str:
    """Every context that ships, as JSON."""
    names = sorted(file.stem for file in _folder().glob("*.rules"))
    return json.dumps({name: _table(resolved(name)) for name in names}, ensure_ascii=False, indent=0) + "\n"


def _table(context: Context) -> dict[str, Any]:
    return {
        "cues": [[cue.axis, cue.after, _plain(cue.term), cue.reach] for cue in context.cues],
        "not_cues": [_plain(term) for term in context.not_cues],
        "stops": [_plain(term) for term in context.stops],
        "extends": [base.name for base in context.extends],
    }


def _plain(term: Term) -> str | list[Any]:
    return [term.text, term.exact_case, term.exactly] if term.exact_case or term.exactly else term.text


def main() -> None:
    """Write what the rules files come to again."""
    (_folder() / "contexts.json").write_text(generated(), encoding="utf-8")


if __name__ == "__main__":
    main()
