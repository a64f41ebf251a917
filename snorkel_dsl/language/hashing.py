"""The semantic hash of a labeling function: what it means, as 64 hexadecimal digits.

It covers the checked meaning and nothing else: conditions with their terms and tables written out, the columns that are
read with their types and the file's own names for them, the labels of the task in their order, the votes, and the version
of the language. Names of rules, lists and columns, comments, layout and places in the file do not count, and neither does
the order of what can stand in any order (the parts of `and` and `or`, the terms of a list). Equal hashes mean equal votes
on any data.
"""

from __future__ import annotations

import hashlib

from snorkel_dsl.language import ir

LANGUAGE = 1
_ANY_ORDER = frozenset({"and", "or", "equal", "same_text", "add", "multiply"})
_LONG = 1_000  # a longer form of a list or table is replaced by its digest
_ANY_ORDER_AFTER_FIRST = frozenset({"at_least_of", "at_most_of"})


class Forms:
    """Writes the canonical form of what stands in a program: equal forms mean the same, whatever their order and names."""

    def __init__(self, program: ir.Program) -> None:
        self._tasks = {task.name: task for task in program.tasks}
        self._columns = {column.name: _column(column) for column in program.columns}
        self._long: dict[int, tuple[ir.Value, str]] = {}  # by identity: what is long is written once

    def semantic_hash(self, function: ir.LabelingFunction) -> str:
        """The hash of a function: sha256 over the canonical form of its meaning, in hexadecimal."""
        return _digest(_listed("function", str(LANGUAGE), *self._meaning(function)))

    def _meaning(self, function: ir.LabelingFunction) -> list[str]:
        unless = sorted({self.expression(condition) for condition in function.unless})
        clauses = [
            _listed("when", "" if clause.condition is None else self.expression(clause.condition), _vote(clause.vote))
            for clause in function.clauses
        ]
        return [
            _listed("labels", *map(_text, self._tasks[function.task].answers)),
            _listed("columns", *sorted(self._columns[name] for name in function.columns)),
            _listed("unless", *unless),
            _listed("clauses", *clauses),
            "" if function.by_column is None else self._by_column(function.by_column),
        ]

    def _by_column(self, by: ir.ColumnVotes) -> str:
        meanings = sorted(_listed("means", _value(value), _vote(vote)) for value, vote in by.meanings)
        silent = _listed("abstaining", *sorted(map(_value, by.abstaining)))
        return _listed("by column", self._columns[by.column], silent, *meanings)

    def expression(self, expression: ir.Expression) -> str:
        """The canonical form of an expression."""
        match expression:
            case ir.Column(name=name):
                return self._columns[name]
            case ir.Piece(level=level):
                return f"piece {level}"
            case ir.Constant(value=value, kind=kind):
                return _listed("constant", kind.name, self._constant(value))
            case ir.Call(operator=operator, arguments=arguments):
                return _listed(operator, *_ordered(operator, [self.expression(argument) for argument in arguments]))
            case ir.Quantified(pieces=pieces, body=body, least=least, most=most, every=every):
                return _listed("quantified", f"{least} {most} {every}", self.expression(pieces), self.expression(body))

    def _constant(self, value: ir.Value) -> str:
        if not isinstance(value, ir.TermList | ir.LookupTable | ir.Context | ir.HeadedSection):
            return _value(value)
        known = self._long.get(id(value))
        if known is None:
            form = _value(value)
            known = value, form if len(form) < _LONG else _digest(form)
            self._long[id(value)] = known
        return known[1]


def _ordered(operator: str, parts: list[str]) -> list[str]:
    if operator in _ANY_ORDER:
        return sorted(parts)
    if operator in _ANY_ORDER_AFTER_FIRST:
        return [*parts[:1], *sorted(parts[1:])]
    return parts


def _digest(form: str) -> str:
    return hashlib.sha256(form.encode("utf-8", "surrogatepass")).hexdigest()


def _listed(head: str, *parts: str) -> str:
    """A form that no other parts can have: every part is preceded by its length."""
    return f"({head} " + " ".join(f"{len(part)}:{part}" for part in parts) + ")"


def _text(value: str) -> str:
    return f"{len(value)}:{value}"


def _column(column: ir.DataColumn) -> str:
    kind = column.type
    bounds = (repr(bound) for bound in (kind.low, kind.high))
    span = () if kind.of is None else (_text(kind.of), str(kind.in_words))
    sources = map(_text, column.sources)
    return _listed("column", *sources, kind.kind.name, *map(_text, kind.choices), *bounds, *span)


def _vote(vote: ir.Vote | None) -> str:
    return "abstain" if vote is None else _listed("vote", *map(str, sorted(vote.labels)))


def _value(value: ir.Value) -> str:
    match value:
        case ir.TermList(terms=terms, masks=masks, parts=parts):
            return _listed("terms", _terms(terms), _terms(masks), *sorted(map(_value, parts)))
        case ir.Pattern(text=text, exact_case=exact_case):
            return _listed("pattern", _text(text), str(exact_case))
        case ir.Section(start=start, end=end):
            return _listed("section", _text(start), _text(end))
        case ir.HeadedSection(headings=headings, others=others):
            return _listed("headed", _value(headings), _value(others))
        case ir.Context(cues=cues, not_cues=not_cues, stops=stops):
            written = sorted(_listed("cue", c.axis, str(c.after), str(c.reach), _terms((c.term,))) for c in cues)
            return _listed("context", *written, _terms(not_cues), _terms(stops))
        case ir.Pipeline(name=name, version=version):
            return _listed("pipeline", _text(name), _text(version))
        case ir.PluginFunction(plugin=plugin, version=version, name=name):
            return _listed("function", _text(plugin), str(version), _text(name))
        case ir.LookupTable(width=width, keys=keys, ignoring_case=ignoring_case):
            rows = (_listed("row", *map(_text, row)) for row in keys)
            return _listed("lookup", str(width), str(ignoring_case), *rows)
        case tuple():
            return _listed("values", *sorted({_value(item) for item in value}))
        case str():
            return _text(value)
        case _:
            return repr(value)


def _terms(terms: tuple[ir.Term, ...]) -> str:
    return _listed("list", *sorted(_listed("term", _text(t.text), str(t.exact_case), str(t.exactly)) for t in terms))
