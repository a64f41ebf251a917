"""An expression in a few words, for messages that are about data and have no place in a rules file to show."""

from __future__ import annotations

from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind

LONGEST = 60  # characters


def call_in_words(expression: ir.Expression) -> str:
    """A call much as it is written: `polarity(text)`; what a pipeline says of a text is `annotation of text`."""
    text = _in_words(expression)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _in_words(expression: ir.Expression) -> str:
    match expression:
        case ir.Column(name=name):
            return name
        case ir.Constant(value=value):
            return _constant(value)
        case ir.Piece():
            return "it"
        case ir.Quantified(pieces=pieces):
            return f"… of {_in_words(pieces)}"
        case ir.Call(kind=Kind.ANNOTATION, arguments=(text, *_)):
            return f"annotation of {_in_words(text)}"
        case ir.Call(operator=operator, arguments=arguments):
            head, *rest = [operator, *map(_in_words, arguments)]
            if isinstance(arguments[0], ir.Constant) and isinstance(arguments[0].value, ir.PluginFunction):
                head, *rest = rest
            shown = [argument for argument in rest if argument]
            return f"{head}({', '.join(shown)})"


def _constant(value: ir.Value) -> str:
    """A constant as it is written, or its name; nothing for what has neither."""
    match value:
        case str():
            return f'"{value}"'
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:g}"
        case ir.TermList(name=name) | ir.Section(name=name) | ir.HeadedSection(name=name) | ir.LookupTable(name=name):
            return name or ""
        case ir.PluginFunction(name=name):
            return name
        case _:
            return ""


def as_written(value: str | float) -> str:
    """A value of a column as it stands in a file: a whole number without its point."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value.is_integer() else repr(value)
