"""Contexts: the cues that say how what a text mentions is meant, and which context a condition is asked under.

A file's own context holds before one that it uses, and one that extends another before that; where several could be meant
even so, the condition names one.
"""

from __future__ import annotations

from collections.abc import Iterable

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.declarations import is_new, make_term, refuse
from snorkel_dsl.language.check.resolving import Refusal
from snorkel_dsl.language.check.scope import Names
from snorkel_dsl.language.check.values import whole
from snorkel_dsl.language.text.terms import CompiledTerm, compile_term
from snorkel_dsl.source import Span

MOST_NESTED = 50  # contexts that extend one another
_AXES = {"uncertain": "uncertainty"}  # where the axis is not called as its cues are
_HELP = "write `use context clinical_english` or `use context general_english`, or a `context` block of your own"


class ContextsBuilder:
    """Resolves `context` blocks when they are asked for, so that they may extend one another in any order."""

    def __init__(self, names: Names, blocks: Iterable[ast.Context]) -> None:
        self.names = names
        self.blocks = {block.name.text: block for block in blocks}
        self.building: list[str] = []
        names.own_contexts = tuple(self.blocks)

    def build_all(self) -> None:
        """Resolve every context of the file."""
        for name in self.blocks:
            self.build(name)

    def build(self, name: str) -> ir.Context | None:
        """The context of a name, which this file declares."""
        if name not in self.names.contexts:
            self.building.append(name)
            resolved = self._resolve(self.blocks[name])
            self.building.pop()
            self.names.contexts[name] = resolved
        return self.names.contexts[name]

    def _resolve(self, block: ast.Context) -> ir.Context | None:
        base = None if block.extends is None else self._base(block.extends)
        lines = [_line(self.names, cue) for cue in block.cues]
        if None in lines or (block.extends is not None and base is None):
            return None
        own = ir.Context(
            tuple(cue for line in lines if line is not None for cue in line.cues),
            tuple(term for line in lines if line is not None for term in line.not_cues),
            tuple(term for line in lines if line is not None for term in line.stops),
        )
        return _extended(base, own, block.name.text)

    def _base(self, name: ast.Name) -> ir.Context | None:
        """The context that one extends."""
        if name.text in self.building or len(self.building) > MOST_NESTED:
            circle = name.text in self.building
            self.names.report(
                "circular-use" if circle else "too-large",
                f"the context `{name.text}` extends itself" if circle else "too many contexts extend one another",
                name,
                helps=["remove one of the `extends`"] if circle else [],
            )
            return None
        if name.text in self.blocks:
            return self.build(name.text)
        return find_context(self.names, name, self.blocks)


def _line(names: Names, cue: ast.Cue) -> ir.Context | None:
    """What one line of a context says, as a context of its own."""
    terms = [make_term(names, phrase) for phrase in cue.phrases]
    found = tuple(dict.fromkeys(term for term in terms if term is not None))
    if len([term for term in terms if term is not None]) < len(terms):
        return None
    kind = cue.kind.word
    if kind in ("not a cue", "stop at"):
        if cue.reach is not None:
            names.report(
                "misplaced-line", f"`{kind}` reaches nowhere: only cues do", cue.reach, helps=["remove `reaching …`"]
            )
            return None
        return ir.Context((), found if kind == "not a cue" else (), found if kind == "stop at" else ())
    reach = None if cue.reach is None else whole(names, cue.reach, "words", least=1)
    if cue.reach is not None and reach is None:
        return None
    axis, side = kind.rsplit(" ", 1)
    return ir.Context(tuple(ir.Cue(_AXES.get(axis, axis), side == "after", term, reach) for term in found))


def _extended(base: ir.Context | None, own: ir.Context, name: str) -> ir.Context:
    """A context with all that it extends. What it says of a phrase holds in place of what was said of it before."""
    said = {_role(cue): cue for cue in own.cues}
    if base is None:
        return ir.Context(tuple(said.values()), _once(own.not_cues), _once(own.stops), name)
    mine = {compile_term(cue.term) for cue in own.cues}
    no_longer = {compile_term(term) for term in own.not_cues}
    cues = {_role(cue): cue for cue in base.cues if compile_term(cue.term) not in no_longer} | said
    not_cues = [term for term in base.not_cues if compile_term(term) not in mine]
    stops = _once((*base.stops, *own.stops))
    return ir.Context(tuple(cues.values()), _once((*not_cues, *own.not_cues)), stops, name, (base, *base.extends))


def _role(cue: ir.Cue) -> tuple[str, bool, CompiledTerm]:
    return cue.axis, cue.after, compile_term(cue.term)


def _once(terms: Iterable[ir.Term]) -> tuple[ir.Term, ...]:
    """Terms that are looked for alike only once."""
    return tuple({compile_term(term): term for term in terms}.values())


# ------------------------------------------------------------------------------------------- all that a file may ask under


def declare_contexts(names: Names, file: ast.File) -> None:
    """The contexts that ship and are used, and the file's own."""
    places: dict[str, Span] = {}
    for block in file.blocks:
        if isinstance(block, ast.UseContext):
            _use_context(names, block)
    own = [block for block in file.blocks if isinstance(block, ast.Context)]
    ContextsBuilder(names, [block for block in own if is_new(names, "context", block.name, places)]).build_all()


def _use_context(names: Names, block: ast.UseContext) -> None:
    """A context that ships with the package."""
    name = block.name.text
    if name in names.contexts:
        return
    found = names.resolver.context(name)
    if isinstance(found, Refusal):
        names.contexts[name] = None
        refuse(names, found, block.name)
    else:
        names.contexts[name] = found


# -------------------------------------------------------------------------------------------------- which one is asked under


def context_for(names: Names, under: ast.UnderContext | None, at: ast.Node) -> ir.Context | None:
    """The context that a condition is asked under: the one it names, or the only one that it can mean."""
    if under is not None:
        return find_context(names, under.context)
    candidates = _candidates(names)
    if len(candidates) == 1:
        return names.contexts[candidates[0]]
    if not names.context_asked_for:
        names.context_asked_for = True  # one cause, however many conditions it concerns
        _ask_for_context(names, candidates, at)
    return None


def _candidates(names: Names) -> tuple[str, ...]:
    """The contexts that a condition may mean that names none: those that no other of the same sort extends."""
    names_of = names.own_contexts or tuple(names.contexts)
    contexts = {name: names.contexts[name] for name in names_of}
    extended = [base for context in contexts.values() if context is not None for base in context.extends]
    return tuple(name for name, context in contexts.items() if context is None or context not in extended)


def _ask_for_context(names: Names, candidates: tuple[str, ...], at: ast.Node) -> None:
    written = names.written(at)
    if not candidates:
        if names.poisoned.isdisjoint(("context", "use")):  # else the block that has one could not be read
            label = "nothing says which words deny"
            names.report("no-context", f"`{written}` needs a context", at, label, helps=[_HELP])
        return
    listed = " or ".join(f"`under {name}`" for name in candidates)
    instead = f"write `context NAME extends {candidates[0]}`: what extends another holds before it"
    names.report(
        "several-contexts",
        f"`{written}` could be asked under several contexts",
        at,
        helps=[f"add {listed}, here and wherever no context is named", None if names.own_contexts else instead],
    )


def find_context(names: Names, name: ast.Name, more: Iterable[str] = ()) -> ir.Context | None:
    """The context of a name, own or used; one that ships must be used by name."""
    if name.text in names.contexts:
        return names.contexts[name.text]
    if names.is_poisoned(name.text):
        return None
    ships = not isinstance(names.resolver.context(name.text), Refusal)
    helps = [f"it ships with the package: write `use context {name.text}` at the top"] if ships else []
    known = [*names.contexts, *more]
    if not ships and did_you_mean(name.text, known) is None:
        helps = [_HELP] if not known else []
    names.unknown("context", known, name, *helps)
    return None
