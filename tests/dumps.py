"""Trees, programs and votes as text that can be read and compared: without places, ids, hashes and clocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from snorkel_dsl.engine.faults import Fault
from snorkel_dsl.language import ast, ir
from snorkel_dsl.votes import LabelMatrix

STEP = "  "


def dump_tree(node: ast.Node) -> str:
    """A node and all inside it; what is not there is left out."""
    return "\n".join(_tree(node, "")) + "\n"


def _tree(node: ast.Node, before: str) -> Iterator[str]:
    parts = list(zip(node.part_types, node.inside, strict=True))
    plain = [(name, value) for name, value in parts if not isinstance(value, ast.Node | tuple)]
    said = [f" {name}={value!r}" for name, value in plain if value is not None and value is not False]
    yield f"{before}{type(node).__name__}{''.join(said)}"
    indent = " " * (len(before) - len(before.lstrip())) + STEP
    for name, value in parts:
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, ast.Node):
                yield from _tree(child, f"{indent}{name}: ")


def dump_program(program: ir.Program) -> str:
    """A program: its data, tasks, labeling functions and what its rules say beside."""
    lines = [f"package {program.package or '-'} {program.version or '-'}", f"data {program.data}"]
    for column in program.columns:
        kind = column.type
        bounds = "" if kind.low is None and kind.high is None else f" from {kind.low} to {kind.high}"
        choices = f" {', '.join(kind.choices)}" if kind.choices else ""
        lines.append(f"{STEP}{column.name}: {kind.kind.value}{choices}{bounds}, read from {column.source!r}")
    lines += [_task(program, task) for task in program.tasks]
    for one in program.requirements:
        lines += [f"require {one.given.task} {_vote(program, one.given)} implies {_vote(program, one.implied)}"]
    for function in program.functions:
        lines += _function(program, function)
    for rule in program.rules:
        lines += _rule(program, rule)
    return "\n".join(lines) + "\n"


def _task(program: ir.Program, task: ir.Task) -> str:
    shares = "" if task.balance is None else " " + ", ".join("-" if s is None else f"{s:g}" for s in task.balance)
    number = ", any number" if task.any_number else ""
    under = "" if task.under is None else f" under {task.under[0]}.{program.task(task.under[0]).labels[task.under[1]]}"
    return f"task {task.name}{under}: {', '.join(task.labels)}{number}{shares}"


def _function(program: ir.Program, function: ir.LabelingFunction) -> Iterator[str]:
    yield f"function {function.name} of {function.rule} on {function.task}"
    for condition in function.unless:
        yield f"{STEP}unless"
        yield from _expression(condition, STEP * 2)
    for clause in function.clauses:
        yield f"{STEP}{'otherwise' if clause.condition is None else 'when'} {_vote(program, clause.vote)}"
        if clause.condition is not None:
            yield from _expression(clause.condition, STEP * 2)
    if function.by_column is not None:
        for value, vote in function.by_column.meanings:
            yield f"{STEP}{function.by_column.column} {value!r} {_vote(program, vote)}"
        for value in function.by_column.abstaining:
            yield f"{STEP}{function.by_column.column} {value!r} abstains"


def _rule(program: ir.Program, rule: ir.Rule) -> Iterator[str]:
    successor = f", use {rule.successor}" if rule.successor else ""
    yield f"rule {rule.name}: {rule.status}{successor}, {len(rule.functions)} functions"
    for name in rule.formerly:
        yield f"{STEP}formerly {name}"
    for text in (*([rule.origin] if rule.origin else []), *rule.notes):
        yield f"{STEP}says {text!r}"
    for example in rule.examples:
        todo = "todo " if example.todo else ""
        yield f"{STEP}example {todo}{_vote(program, example.vote)}: {dict(example.row)!r}"
    for one in rule.expectations:
        yield f"{STEP}expect {one.measure} from {one.least} to {one.most} on {one.dataset}"


def _expression(expression: ir.Expression, indent: str) -> Iterator[str]:
    match expression:
        case ir.Column(name=name, kind=kind):
            yield f"{indent}column {name}: {kind.value}"
        case ir.Piece(level=level):
            yield f"{indent}piece {level}"
        case ir.Constant(value=value, kind=kind):
            yield f"{indent}{kind.value} {_value(value)}"
        case ir.Call(operator=operator, kind=kind):
            yield f"{indent}{operator}: {kind.value}"
        case ir.Quantified(least=least, most=most, every=every):
            yield f"{indent}every" if every else f"{indent}from {least} to {most}"
    for child in ir.children(expression):
        yield from _expression(child, indent + STEP)


def _value(value: ir.Value) -> str:
    match value:
        case ir.TermList(parts=parts) if parts:
            return "; ".join(map(_value, parts))
        case ir.TermList(terms=terms, masks=masks):
            return ", ".join(map(_term, terms)) + (" except " + ", ".join(map(_term, masks)) if masks else "")
        case ir.Pattern(text=text, exact_case=exact_case):
            return f"/{text}/" + (" exact case" if exact_case else "")
        case ir.Section(start=start, end=end):
            return f"from {start!r} up to {end!r}"
        case ir.LookupTable(keys=keys, ignoring_case=ignoring_case):
            return f"{keys!r}" + (" ignoring case" if ignoring_case else "")
        case _:
            return repr(value)


def _term(term: ir.Term) -> str:
    return " ".join([*["exactly"] * term.exactly, *["exact case"] * term.exact_case, f'"{term.text}"'])


def _vote(program: ir.Program, vote: ir.Vote | None) -> str:
    return "abstain" if vote is None else _labels(program.task(vote.task).answers, vote.labels)


def _labels(labels: Sequence[str], numbers: frozenset[int]) -> str:
    return " or ".join(labels[number] for number in sorted(numbers))


def dump_votes(program: ir.Program, matrix: LabelMatrix, faults: Sequence[Fault]) -> str:
    """The votes of each row, those that abstain left out, and every value that could not be read."""
    votes: list[list[str]] = [[] for _ in range(matrix.n)]
    for j, function in enumerate(program.functions):
        own = slice(matrix.indptr[j], matrix.indptr[j + 1])
        cells: Any = zip(matrix.rows[own].tolist(), matrix.codes[own].tolist(), strict=True)
        for row, code in cells:
            labels = _labels(program.task(function.task).answers, matrix.labels_of(code))
            votes[row].append(f"{function.name} {labels}")
    lines = [f"row {row + 1}: {'; '.join(said) or '-'}" for row, said in enumerate(votes)]
    lines += [
        f"row {fault.row + 1}, column {fault.column}: {fault.value!r} is {fault.message}; {', '.join(fault.rules)}"
        for fault in faults
    ]
    return "\n".join(lines) + "\n"
