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
_ANY_ORDER_AFTER_FIRST = frozenset({"at_least_of", "at_most_of"})


def semantic_hash(program: ir.Program, function: ir.LabelingFunction) -> str:
    """The hash of a function of a program: sha256 over the canonical form of its meaning, in hexadecimal."""
    form = _listed("function", str(LANGUAGE), *_meaning(program, function))
    return hashlib.sha256(form.encode("utf-8", "surrogatepass")).hexdigest()


def _meaning(program: ir.Program, function: ir.LabelingFunction) -> list[str]:
    columns = {column.name: _column(column) for column in program.columns}
    task = program.task(function.task)
    unless = sorted({_expression(condition, columns) for condition in function.unless})
    clauses = [
        _listed("when", "" if clause.condition is None else _expression(clause.condition, columns), _vote(clause.vote))
        for clause in function.clauses
    ]
    read = sorted(columns[name] for name in function.columns)
    return [
        _listed("labels", *map(_text, task.labels)),
        _listed("columns", *read),
        _listed("unless", *unless),
        _listed("clauses", *clauses),
        "" if function.by_column is None else _by_column(function.by_column, columns),
    ]


def _listed(head: str, *parts: str) -> str:
    """A form that no other parts can have: every part is preceded by its length."""
    return f"({head} " + " ".join(f"{len(part)}:{part}" for part in parts) + ")"


def _text(value: str) -> str:
    return f"{len(value)}:{value}"


def _column(column: ir.DataColumn) -> str:
    kind = column.type
    bounds = (repr(bound) for bound in (kind.low, kind.high))
    return _listed("column", _text(column.source), kind.kind.name, *map(_text, kind.choices), *bounds)


def _vote(vote: ir.Vote | None) -> str:
    return "abstain" if vote is None else _listed("vote", *map(str, sorted(vote.labels)))


def _by_column(by: ir.ColumnVotes, columns: dict[str, str]) -> str:
    meanings = sorted(_listed("means", _text(value), _vote(vote)) for value, vote in by.meanings)
    return _listed("by column", columns[by.column], *meanings)


def expression_key(program: ir.Program, expression: ir.Expression) -> str:
    """The canonical form of an expression: equal where two expressions mean the same, whatever their order."""
    return _expression(expression, {column.name: _column(column) for column in program.columns})


def _expression(expression: ir.Expression, columns: dict[str, str]) -> str:
    match expression:
        case ir.Column(name=name):
            return columns[name]
        case ir.Piece(level=level):
            return f"piece {level}"
        case ir.Constant(value=value, kind=kind):
            return _listed("constant", kind.name, _value(value))
        case ir.Call(operator=operator, arguments=arguments):
            parts = [_expression(argument, columns) for argument in arguments]
            if operator in _ANY_ORDER:
                parts.sort()
            elif operator in _ANY_ORDER_AFTER_FIRST:
                parts[1:] = sorted(parts[1:])
            return _listed(operator, *parts)
        case ir.Quantified(pieces=pieces, body=body, least=least, most=most, every=every):
            bounds = f"{least} {most} {every}"
            return _listed("quantified", bounds, _expression(pieces, columns), _expression(body, columns))


def _value(value: ir.Value) -> str:
    match value:
        case ir.TermList(terms=terms, masks=masks):
            return _listed("terms", _terms(terms), _terms(masks))
        case ir.Pattern(text=text, exact_case=exact_case):
            return _listed("pattern", _text(text), str(exact_case))
        case ir.Section(start=start, end=end):
            return _listed("section", _text(start), _text(end))
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
