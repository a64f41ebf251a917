"""What property tests draw from: texts that are hard to get right, rows, and well-typed expressions and programs.

`texts()` mixes plain words, the terms that the other strategies look for (in other spellings too), and characters that
fold, compose or count as white space in ways of their own. `expressions(kind)` draws over every operator of the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from hypothesis import strategies as st

from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind, Type

P = ParamSpec("P")
S = TypeVar("S")


def _once(make: Callable[P, S]) -> Callable[P, S]:
    """Build each strategy once: building them again for every draw takes far longer than drawing."""
    made: dict[Any, S] = {}

    @wraps(make)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> S:
        values = (*args, *kwargs.items())
        key = tuple(tuple(value.items()) if isinstance(value, Mapping) else value for value in values)
        if key not in made:
            made[key] = make(*args, **kwargs)
        return made[key]

    return remembered


# ---------------------------------------------------------------------------------------------------------------- texts

ODD = [
    *"İıſKÅﬅﬁßẞΣςσǅǆ½²Ⅷ①…´¨ªµ",  # fold, compose or change length
    *"\x00\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2009\u2028\u2029\u3000",  # white space, or nearly
    *"‐‑–—−­·’‘“”«»′",  # hyphens, dashes and quotes
    *"\u0301\u0308\u0327\u0345\u200d\ufe0f\u0903\u20dd\u0f39",  # marks, joiners
    *"\u1100\u1161\u11a8\uac00\uac01",  # Hangul
    *"שלוםمرحبا\u202e日本語。！",  # right to left, no spaces
    *"😀👩‍🚀❤️🇬🇧",
    "\ufdd0",
    "e\u0301",
    "\r\n",
]
WORDS = [
    *(
        "a",
        "b",
        "no",
        "not",
        "x ray",
        "x-ray",
        "X–Ray",
        "x  ray",
        "xray",
        "café",
        "cafe\u0301",
        "caf",
        "C++",
        "#1",
        ":)",
    ),
    *(
        "giveaway",
        "giveaways",
        "giveaway-day",
        "US",
        "us",
        "Us",
        "check out",
        "CHECK\nOUT",
        "check.out",
        "out",
        "checkout",
    ),
    *("Dr.", "1.5", "e.g.", "1.", "2)", "- ", "U.S.", "p.m.", "don't", "don’t", "and/or", "3,000", "3-4", "..", "?!"),
    *(
        "FINDINGS:",
        "IMPRESSION:",
        "findings:",
        "http://a.b/c",
        "www.x",
        "HTTPS://",
        "no acute disease",
        "STRASSE",
        "straße",
    ),
    *(
        "ﬁnding",
        "finding",
        "ſee",
        "see",
        "K",
        "k",
        "İstanbul",
        "istanbul",
        "ISTANBUL",
        "mm",
        "cm",
        "-",
        "--",
        "*",
        "a*",
    ),
]
GLUE = ["", " ", " ", "  ", "-", ".", ". ", ", ", "\n", "\n\n", "\r\n", "\t", "'", "/", "(", ")", "!", "? ", "\xa0"]


@_once
def texts(max_pieces: int = 12) -> st.SearchStrategy[str]:
    """Texts of every sort: empty, plain, Unicode at its worst, many lines, and now and then a very long one."""
    piece = st.one_of(st.sampled_from(WORDS), st.sampled_from(ODD), st.sampled_from(GLUE))
    words = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GLUE)), max_size=max_pieces)
    mixed = st.lists(piece, max_size=max_pieces).map("".join)
    anything = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
    spaced = words.map(lambda pairs: "".join(word + glue for word, glue in pairs))
    long = st.tuples(mixed, st.integers(50, 400)).map(lambda drawn: drawn[0] * drawn[1])
    return st.one_of(spaced, mixed, mixed, anything, st.just(""), st.builds(str.__add__, spaced, mixed), *_rarely(long))


def _rarely(strategy: st.SearchStrategy[str]) -> list[st.SearchStrategy[str]]:
    return [st.integers(0, 9).flatmap(lambda n: strategy if n == 0 else st.sampled_from(WORDS))]


# ------------------------------------------------------------------------------------------------------------ constants


@_once
def terms() -> st.SearchStrategy[ir.Term]:
    """Terms as a rules file could hold them: with `*`, in exact case, exactly; never blank."""
    written = st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from(["giveaway*", "no acute *", "* ray", "x *", "caf*", "*", "C*", "ﬁ*", "not a", "a b", "-a-"]),
        texts(2).map(lambda text: text[:8]),
    )
    return st.builds(
        ir.Term,
        written.map(str.strip).filter(bool),
        exact_case=st.sampled_from([False, False, True]),
        exactly=st.sampled_from([False, False, True]),
    )


@_once
def term_lists() -> st.SearchStrategy[ir.TermList]:
    """Resolved lists with masks, and several of them together."""
    single = st.builds(
        ir.TermList,
        st.lists(terms(), min_size=1, max_size=5, unique=True).map(tuple),
        st.one_of(st.just(()), st.lists(terms(), max_size=2, unique=True).map(tuple)),
    )
    return st.one_of(single, single, st.lists(single, min_size=2, max_size=3).map(ir.joined))


PATTERNS = [
    *(
        "check.*out",
        "^x",
        "y$",
        "a|b",
        r"\bno\b",
        r"\Bo",
        r"(No|without)\s([a-z0-9\-,_]*\s){0,3}acute",
        r"[^a-z]{2,4}",
        r"\d+",
    ),
    *(
        r"\w+-\w+",
        "(?s)a.b",
        "(?m)^b",
        "(?m)a$",
        r"\s\s",
        "k",
        "i",
        "ſ",
        "ß",
        "İ",
        "[a-k]",
        "(?i:us)",
        "(?-i:US)",
        "a{,2}b",
        "",
    ),
    *(
        r"\Aa",
        r"b\Z",
        "(a|b)*c",
        "x?",
        "$",
        "^$",
        r"[\s\S]",
        r"\S+\.",
        "[İ-ı]",
        "é",
        "e\u0301",
        r"\x85",
        "\\u2028",
        ".",
        "a$\n",
    ),
]


@_once
def patterns() -> st.SearchStrategy[ir.Pattern]:
    """Accepted regular expressions, mostly small; none that Python's own matcher is slow on."""
    letters = st.sampled_from(
        ["a", "b", "k", "s", ".", r"\w", r"\s", r"\b", "[ab]", "[^a]", "é", "^", "$", "o", "-", r"\d"]
    )
    made = st.lists(st.tuples(letters, st.sampled_from(["", "", "", "+", "?", "{1,2}"])), min_size=1, max_size=4)
    safe = made.map(lambda parts: "".join(p + (q if p not in ("^", "$", r"\b") else "") for p, q in parts))
    return st.builds(ir.Pattern, st.one_of(st.sampled_from(PATTERNS), safe), exact_case=st.booleans())


SECTIONS = [
    ir.Section("FINDINGS:", "IMPRESSION:"),
    ir.Section("a", "b"),
    ir.Section("x", "x"),
    ir.Section("IMPRESSION:", ""),
    ir.HeadedSection(("findings",), ("a", "impression", "no")),
    ir.HeadedSection(("a", "check out"), ("b",)),
]
STATUSES = ["asserts", "denies", "suspects"]


@_once
def contexts() -> st.SearchStrategy[ir.Context]:
    """Resolved contexts: cues of every axis, both ways, with and without a reach; some of them are no cues, or stops."""
    phrase = st.one_of(st.sampled_from(["no", "not", "a", "b", "out", "no *", ".", ",", "x ray"]).map(ir.Term), terms())
    cue = st.builds(
        ir.Cue,
        st.sampled_from(["negation", "negation", "uncertainty", "hypothesis", "history", "family"]),
        st.booleans(),
        phrase,
        st.one_of(st.none(), st.integers(1, 4)),
    )
    few = st.one_of(st.just(()), st.lists(phrase, max_size=3, unique=True).map(tuple))
    return st.builds(ir.Context, st.lists(cue, max_size=8, unique=True).map(tuple), few, few)


NUMBERS = [0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 1e308, -0.0, 0.1, 0.30000000000000004]
MICROSECONDS = [0, 1, -1, 86_400_000_000, 3_600_000_000, 1_795_219_200_000_000, -86_400_000_001, 2**62]
DAY = 86_400_000_000
CHOICES = ("video", "Video", "straße", "STRASSE")


@_once
def lookups(width: int) -> st.SearchStrategy[ir.LookupTable]:
    """Lookup tables of one or two columns, folded where case is ignored."""
    from snorkel_dsl.language.text import fold_case

    def build(keys: list[tuple[str, ...]], ignoring_case: bool) -> ir.LookupTable:
        folded = {tuple(fold_case(part) if ignoring_case else part for part in key) for key in keys}
        return ir.LookupTable(width, tuple(sorted(folded)), ignoring_case)

    key = st.tuples(*[st.sampled_from([*WORDS, *CHOICES])] * width)
    return st.builds(build, st.lists(key, max_size=6), st.booleans())


# ---------------------------------------------------------------------------------------------------------------- values

COLUMNS: Mapping[str, Type] = {
    "text": Type(Kind.TEXT),
    "title": Type(Kind.TEXT),
    "likes": Type(Kind.NUMBER),
    "score": Type(Kind.NUMBER),
    "posted": Type(Kind.TIME),
    "seen": Type(Kind.TIME),
    "shared": Type(Kind.YES_NO),
    "kind": Type(Kind.CHOICE, choices=CHOICES),
    "tags": Type(Kind.TEXTS),
    "place": Type(Kind.SPAN, of="text"),
    "spot": Type(Kind.SPAN, of="text"),
}


@_once
def numbers() -> st.SearchStrategy[float]:
    """Finite doubles, mostly such as collide."""
    return st.one_of(st.sampled_from(NUMBERS), st.floats(allow_nan=False, allow_infinity=False))


@_once
def values(column: Type) -> st.SearchStrategy[object]:
    """A value of a column, never missing."""
    match column.kind:
        case Kind.TEXT:
            return texts()
        case Kind.NUMBER:
            return numbers()
        case Kind.TIME | Kind.DURATION:
            return st.sampled_from(MICROSECONDS)
        case Kind.CLOCK:
            return st.sampled_from([time % DAY for time in MICROSECONDS])
        case Kind.YES_NO:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from(column.choices)
        case Kind.TEXTS:
            return st.lists(st.sampled_from([*WORDS, ""]), max_size=4).map(tuple)
        case Kind.SPAN:
            return st.tuples(st.integers(0, 60), st.integers(0, 60))  # `rows` makes it fit the text
    return st.lists(numbers(), max_size=4).map(tuple)


@_once
def rows(columns: Mapping[str, Type] = COLUMNS) -> st.SearchStrategy[dict[str, object]]:
    """Rows for the reference evaluator; any value can be missing."""
    cells = {
        name: st.one_of(values(column), values(column), values(column), st.none()) for name, column in columns.items()
    }
    return st.fixed_dictionaries(cells).map(lambda row: {name: _fitted(columns[name], row, name) for name in row})


def _fitted(column: Type, row: Mapping[str, object], name: str) -> object:
    """A value of a row; a span is moved into its text, where there is one."""
    value, text = row[name], row.get(column.of or "")
    if not isinstance(value, tuple) or column.kind is not Kind.SPAN or not isinstance(text, str):
        return value
    start, end = sorted(offset % (len(text) + 1) for offset in value)
    return start, end


# ----------------------------------------------------------------------------------------------------------- expressions


def constant(kind: Kind, strategy: st.SearchStrategy[object]) -> st.SearchStrategy[ir.Expression]:
    """A constant of a kind."""
    return strategy.map(lambda value: ir.Constant(value, kind))  # type: ignore[arg-type]


def _call(operator: str, kind: Kind, *arguments: st.SearchStrategy[ir.Expression]) -> st.SearchStrategy[ir.Expression]:
    return st.tuples(*arguments).map(lambda drawn: ir.Call(operator, drawn, kind))


def _columns(kind: Kind, columns: Mapping[str, Type]) -> list[st.SearchStrategy[ir.Expression]]:
    return [st.just(ir.Column(name, kind)) for name, column in columns.items() if column.kind is kind]


_TERMS = constant(Kind.TERMS, term_lists())
_CONTEXT = constant(Kind.CONTEXT, contexts())
_STATUS = constant(Kind.WORD, st.sampled_from(STATUSES))
_SECTION = constant(Kind.SECTION, st.sampled_from(SECTIONS))
_COUNT = constant(Kind.COUNT, st.integers(0, 3))
_LIMIT = constant(Kind.COUNT, st.integers(-1, 4))
_UNITS = constant(Kind.WORD, st.sampled_from(["sentences", "words", "tokens", "lines", "paragraphs"]))
_MEASURES = ["characters", "letters", "words", "tokens", "sentences", "lines", "paragraphs", "links", "capitals"]


@_once
def text_values(
    columns: Mapping[str, Type] = COLUMNS, level: int = 0, depth: int = 1
) -> st.SearchStrategy[ir.Expression]:
    """Text: columns, the current pieces of `level` quantifiers, sections, first and last parts."""
    leaves = _columns(Kind.TEXT, columns) + [st.just(ir.Piece(inner)) for inner in range(level)]
    if level:
        leaves += [st.just(ir.Piece(0))] * 2
    leaves += span_texts(columns)
    plain = st.one_of(leaves)
    if depth <= 0:
        return plain
    inner = text_values(columns, level, depth - 1)
    cut = [_call(name, Kind.TEXT, inner, _SECTION) for name in ("section", "outside")]
    cut += [_call(name, Kind.TEXT, inner, _COUNT, _UNITS) for name in ("first", "last")]
    return st.one_of(plain, plain, plain, *cut)


@_once
def places(columns: Mapping[str, Type] = COLUMNS) -> dict[str, list[st.SearchStrategy[ir.Expression]]]:
    """The spans of each text column that has some."""
    found: dict[str, list[st.SearchStrategy[ir.Expression]]] = {}
    for name, column in columns.items():
        if column.of is not None:
            found.setdefault(column.of, []).append(st.just(ir.Column(name, Kind.SPAN)))
    return found


@_once
def span_texts(columns: Mapping[str, Type] = COLUMNS) -> list[st.SearchStrategy[ir.Expression]]:
    """What stands in, between and beside spans."""
    found = []
    units = constant(Kind.WORD, st.sampled_from(["words", "tokens", "characters"]))
    sides = constant(Kind.WORD, st.sampled_from(["before", "after", "around"]))
    for name, spans in places(columns).items():
        text, span = st.just(ir.Column(name, Kind.TEXT)), st.one_of(spans)
        found.append(_call("span_text", Kind.TEXT, text, span))
        found.append(_call("words_between", Kind.TEXT, text, span, span))
        found.append(_call("words_near", Kind.TEXT, text, span, _LIMIT, units, sides))
    return found


@_once
def number_values(
    columns: Mapping[str, Type] = COLUMNS, level: int = 0, depth: int = 1
) -> st.SearchStrategy[ir.Expression]:
    """Numbers: columns, constants, arithmetic, sizes and counts of text."""
    text = text_values(columns, level)
    found = [
        constant(Kind.NUMBER, st.one_of(st.sampled_from(NUMBERS), st.integers(0, 9).map(float))),
        *_columns(Kind.NUMBER, columns),
        _call("size", Kind.NUMBER, text, constant(Kind.WORD, st.sampled_from(_MEASURES))),
        _call("capital", Kind.NUMBER, text, constant(Kind.WORD, st.sampled_from(["letters", "words"]))),
        *(
            _call(name, Kind.NUMBER, text, _TERMS)
            for name in ("contains_count", "contains_terms", "mentions_count", "mentions_terms")
        ),
        *(_call(name, Kind.NUMBER, text, _TERMS, _CONTEXT, _STATUS) for name in ("said_count", "said_terms")),
        *_of_two_spans("span_distance", Kind.NUMBER, columns),
    ]
    if depth > 0:
        inner = number_values(columns, level, depth - 1)
        found += [_call(name, Kind.NUMBER, inner, inner) for name in ("add", "subtract", "multiply", "divide")]
        found.append(_call("absolute", Kind.NUMBER, inner))
    return st.one_of(found)


def _of_two_spans(operator: str, kind: Kind, columns: Mapping[str, Type]) -> list[st.SearchStrategy[ir.Expression]]:
    return [
        _call(operator, kind, st.just(ir.Column(name, Kind.TEXT)), st.one_of(spans), st.one_of(spans))
        for name, spans in places(columns).items()
    ]


@_once
def time_values(kind: Kind, columns: Mapping[str, Type] = COLUMNS, depth: int = 1) -> st.SearchStrategy[ir.Expression]:
    """Times, times of day and durations, with their arithmetic."""
    times = [time % DAY for time in MICROSECONDS] if kind is Kind.CLOCK else MICROSECONDS
    found = [constant(kind, st.sampled_from(times)), *_columns(kind, columns)]
    if kind is Kind.CLOCK:
        found.append(_call("clock", kind, time_values(Kind.TIME, columns, depth)))
    if depth <= 0:
        return st.one_of(found)
    inner = {name: time_values(name, columns, depth - 1) for name in (Kind.TIME, Kind.DURATION)}
    scale = constant(Kind.NUMBER, st.sampled_from([*NUMBERS, 2.5]))
    if kind is Kind.TIME:
        found += [_call(name, kind, inner[Kind.TIME], inner[Kind.DURATION]) for name in ("add", "subtract")]
    if kind is Kind.DURATION:
        found += [_call(name, kind, inner[kind], inner[kind]) for name in ("add", "subtract")]
        found.append(_call("subtract", kind, inner[Kind.TIME], inner[Kind.TIME]))
        found += [_call("multiply", kind, inner[kind], scale), _call("absolute", kind, inner[kind])]
    return st.one_of(found)


def _texts_of(written: list[str]) -> st.SearchStrategy[ir.Expression]:
    return constant(Kind.TEXTS, st.lists(st.sampled_from(written), min_size=1, max_size=3, unique=True).map(tuple))


@_once
def _text_questions(columns: Mapping[str, Type], level: int) -> list[st.SearchStrategy[ir.Expression]]:
    text = text_values(columns, level)
    two = [_call(name, Kind.CONDITION, text, _TERMS) for name in ("contains", "starts_with", "ends_with", "mentions")]
    return [
        *two,
        _call("mentions", Kind.CONDITION, text, _TERMS),
        *(_call(name, Kind.CONDITION, text, _TERMS, _CONTEXT, _STATUS) for name in ("said", "said_every")),
        _call("matches", Kind.CONDITION, text, constant(Kind.PATTERN, patterns())),
        _call("followed_by", Kind.CONDITION, text, _TERMS, _TERMS, _LIMIT),
        _call("is_text", Kind.CONDITION, text, _texts_of([*WORDS, ""])),
        _call("same_text", Kind.CONDITION, text, text),
        _call("in_lookup", Kind.CONDITION, text, constant(Kind.LOOKUP, lookups(1))),
        _call("pair_in_lookup", Kind.CONDITION, text, text, constant(Kind.LOOKUP, lookups(2))),
        _call("is_missing", Kind.CONDITION, text),
    ]


@_once
def _value_questions(columns: Mapping[str, Type], level: int) -> list[st.SearchStrategy[ir.Expression]]:
    number = number_values(columns, level)
    times = [time_values(kind, columns) for kind in (Kind.TIME, Kind.CLOCK, Kind.DURATION)]
    found = [
        _call(name, Kind.CONDITION, same, same) for name in ("equal", "more", "at_least") for same in (number, *times)
    ]
    some_numbers = constant(Kind.NUMBERS, st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3).map(tuple))
    found.append(_call("is_one_of", Kind.CONDITION, number, some_numbers))
    found += [_call("is_missing", Kind.CONDITION, value) for value in (number, *times)]
    found += _of_two_spans("span_before", Kind.CONDITION, columns)
    found += [_call("is_yes", Kind.CONDITION, answer) for answer in _columns(Kind.YES_NO, columns)]
    found += [_call("list_contains", Kind.CONDITION, items, _TERMS) for items in _columns(Kind.TEXTS, columns)]
    for choice in _columns(Kind.CHOICE, columns):
        found += [_call(name, Kind.CONDITION, choice, _texts_of(list(CHOICES))) for name in ("is_text", "is_choice")]
        found += [_call(name, Kind.CONDITION, choice, choice) for name in ("same_text", "same_choice")]
        found.append(_call("in_lookup", Kind.CONDITION, choice, constant(Kind.LOOKUP, lookups(1))))
    return found


@_once
def conditions(
    columns: Mapping[str, Type] = COLUMNS, level: int = 0, depth: int = 2
) -> st.SearchStrategy[ir.Expression]:
    """Conditions over every operator, with quantifiers inside quantifiers."""
    leaves = st.one_of(st.one_of(_text_questions(columns, level)), st.one_of(_value_questions(columns, level)))
    if depth <= 0:
        return leaves
    inner = conditions(columns, level, depth - 1)
    logic = [_call(name, Kind.CONDITION, inner, inner) for name in ("and", "or")]
    logic += [_call("not", Kind.CONDITION, inner), _call("and", Kind.CONDITION, inner, inner, inner)]
    logic += [_call(name, Kind.CONDITION, _COUNT, inner, inner, inner) for name in ("at_least_of", "at_most_of")]
    return st.one_of(leaves, *logic, quantified(columns, level, depth - 1))


@_once
def quantified(
    columns: Mapping[str, Type] = COLUMNS, level: int = 0, depth: int = 1
) -> st.SearchStrategy[ir.Expression]:
    """`some`, `no`, `every`, `at least 2`, `fewer than 2` pieces of a text such that a condition holds."""
    text = text_values(columns, level)
    separator = constant(Kind.TEXT, st.sampled_from([".", " ", "a", "\n", "no"]))
    parts = st.one_of(
        *(_call(name, Kind.PIECES, text) for name in ("sentences", "lines", "paragraphs")),
        _call("pieces", Kind.PIECES, text, separator),
    )
    bounds = st.sampled_from([(1, None), (None, 0), (2, None), (None, 1), (1, 2), (0, None), (None, None)])
    body = conditions(columns, level + 1, depth)
    some = st.builds(lambda p, b, n: ir.Quantified(p, b, *n), parts, body, bounds)
    every = st.builds(lambda p, b: ir.Quantified(p, b, None, None, every=True), parts, body)
    return st.one_of(some, some, every)


def expressions(columns: Mapping[str, Type] = COLUMNS) -> st.SearchStrategy[ir.Expression]:
    """Well-typed conditions."""
    return conditions(columns)


# -------------------------------------------------------------------------------------------------------------- programs

TASKS = (
    ir.Task("spam", ("HAM", "SPAM")),
    ir.Task("topic", ("A", "B", "C", "D")),
    ir.Task("kind", ("X", "Y", "Z"), under=("topic", 2)),
    ir.Task("findings", ("E", "F", "G"), any_number=True),
    ir.Task("size", ("SMALL", "LARGE"), under=("findings", 1)),
)


@_once
def votes(task: ir.Task) -> st.SearchStrategy[ir.Vote]:
    """Votes of a task: one label, or that it does not apply, or a set of labels that leaves one out."""
    numbers = range(len(task.answers))
    one = st.sampled_from(numbers).map(lambda label: frozenset({label}))
    several = st.frozensets(st.sampled_from(numbers), min_size=1, max_size=len(task.labels) - 1)
    return st.one_of(one, one, several).map(lambda labels: ir.Vote(task.name, labels))


@_once
def functions(name: str, columns: Mapping[str, Type] = COLUMNS) -> st.SearchStrategy[ir.LabelingFunction]:
    """Labeling functions: one vote, several, `otherwise`, `unless`, votes by column."""
    return st.sampled_from(TASKS).flatmap(lambda task: _functions_of(name, task, columns))


@_once
def _functions_of(name: str, task: ir.Task, columns: Mapping[str, Type]) -> st.SearchStrategy[ir.LabelingFunction]:
    vote = st.one_of(votes(task), votes(task), st.none())
    clause = st.builds(ir.Clause, conditions(columns), vote)
    otherwise = st.one_of(st.just(()), st.builds(ir.Clause, st.none(), vote).map(lambda last: (last,)))
    clauses = st.tuples(st.lists(clause, min_size=1, max_size=3).map(tuple), otherwise).map(
        lambda both: both[0] + both[1]
    )
    unless = st.lists(conditions(columns, depth=1), max_size=1).map(tuple)
    written = st.builds(
        lambda clauses, unless: ir.LabelingFunction(name, name, task.name, clauses, unless), clauses, unless
    )
    by_column = st.builds(
        lambda by, unless: ir.LabelingFunction(name, name, task.name, (), unless, by),
        _column_votes(task, columns),
        unless,
    )
    return st.one_of(written, written, written, by_column)


@_once
def _column_votes(task: ir.Task, columns: Mapping[str, Type]) -> st.SearchStrategy[ir.ColumnVotes]:
    """What the values of a column of text, choices or numbers mean; those without a vote abstain."""
    texts = [column for column, kind in columns.items() if kind.kind in (Kind.TEXT, Kind.CHOICE)]
    numbers = [column for column, kind in columns.items() if kind.kind is Kind.NUMBER]
    choices: list[tuple[list[str], list[Any]]] = [(texts, [*WORDS, *CHOICES, ""]), (numbers, NUMBERS)]
    found = [
        st.builds(
            _meaning, st.sampled_from(names), st.dictionaries(st.sampled_from(values), vote, min_size=1, max_size=4)
        )
        for names, values in choices
        for vote in (votes(task), st.one_of(votes(task), st.none()))
        if names
    ]
    return st.one_of(found)


def _meaning(column: str, found: dict[Any, ir.Vote | None]) -> ir.ColumnVotes:
    voting = tuple((value, vote) for value, vote in found.items() if vote is not None)
    return ir.ColumnVotes(column, voting, tuple(value for value, vote in found.items() if vote is None))


@st.composite
def programs(draw: st.DrawFn, columns: Mapping[str, Type] = COLUMNS, most: int = 4) -> ir.Program:
    """Programs of one to `most` labeling functions over the given columns."""
    made = tuple(draw(functions(f"rule_{number}", columns)) for number in range(draw(st.integers(1, most))))
    rules = tuple(ir.Rule(function.name, (function.name,), function.task) for function in made)
    declared = tuple(ir.DataColumn(name, column, name) for name, column in columns.items())
    return ir.Program("row", declared, TASKS, made, rules)
