"""Files that rules name: terms, lookups and other rules files, below the roots."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import HEAD, marked, problems, program, shown

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.knowledge import Resolver

RULE = "rule r votes spam.SPAM\n    when text mentions any of T\n"


def _write(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _meaning(folder: Path, blocks: str, rule: str = RULE) -> str:
    (function,) = program(HEAD + blocks + rule, Resolver((), folder / "x.rules")).functions
    return shown(function.expressions[0])


def _mistake(folder: Path, blocks: str, rule: str = RULE) -> Diagnostic:
    (found,) = problems(HEAD + blocks + rule, Resolver((), folder / "x.rules"))
    return found


def test_terms_stand_one_a_line(tmp_path: Path) -> None:
    _write(tmp_path, "t.txt", "\ufeffcheck out\r\n\r\n  #1 \r\ncheck out\r\n")
    assert _meaning(tmp_path, 'terms T\n    file "t.txt"\n    "z"\n') == "mentions(text, {check out|#1|z})"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", 'word,n\n"a, b",1\nc,2\n,3\n'),
        ("t.tsv", "n\tword\n1\ta, b\n2\tc\n"),
        ("t.csv", "word;n\na, b;1\nc;2\n"),
    ],
)
def test_terms_of_a_column_of_a_table(name: str, content: str, tmp_path: Path) -> None:
    _write(tmp_path, name, content)
    assert _meaning(tmp_path, f'terms T\n    file "{name}" column "word"\n') == "mentions(text, {a, b|c})"


def test_a_table_of_one_column_needs_no_name(tmp_path: Path) -> None:
    _write(tmp_path, "t.csv", "word\na\n")
    assert _meaning(tmp_path, 'terms T\n    file "t.csv"\n') == "mentions(text, {a})"


@pytest.mark.parametrize(
    ("content", "line", "kind", "words"),
    [
        ("word,n\na,1\n", 'file "t.csv" column "wrod"', "unknown-column", "did you mean `word`?"),
        ("word,n\na,1\n", 'file "t.csv"', "unknown-column", 'column "word"'),
        ("word\n", 'file "t.csv"', "empty-terms", ""),
        ('word\n"a\n', 'file "t.csv"', "broken-table", ""),
        (b"word\nb\xff\n", 'file "t.csv"', "not-utf-8", "save the file as UTF-8"),
        ("word\n*\n", 'file "t.csv"', "term-never-matches", ""),
        ("word\na\n", 'file "t.cvs"', "missing-file", "did you mean `t.csv`?"),
        ("word\na\n", 'file "none/t.csv"', "missing-file", ""),
        ("word\na\n", 'file "."', "missing-file", ""),
    ],
)
def test_what_is_wrong_with_a_file_is_said_where_it_is_named(
    content: str | bytes, line: str, kind: str, words: str, tmp_path: Path
) -> None:
    _write(tmp_path, "t.csv", content)
    found = _mistake(tmp_path, f"terms T\n    {line}\n")
    assert found.kind == kind
    assert words in " ".join(found.helps)


def test_a_file_outside_the_roots_shows_the_line_to_add(tmp_path: Path) -> None:
    _write(tmp_path, "words/t.txt", "a\n")
    rules = tmp_path / "rules"
    rules.mkdir()
    block = 'terms T\n    file "../words/t.txt"\n'
    found = _mistake(rules, block)
    assert found.kind == "outside-roots"
    assert 'roots = [".", "../words"]' in found.helps[0]
    allowed = Resolver((rules, tmp_path / "words"), rules / "x.rules")
    assert not problems(HEAD + block + RULE, allowed)


def test_a_link_does_not_lead_out_of_the_roots(tmp_path: Path) -> None:
    _write(tmp_path, "secret.txt", "a\n")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "t.txt").symlink_to(tmp_path / "secret.txt")
    assert _mistake(rules, 'terms T\n    file "t.txt"\n').kind == "outside-roots"


LOOKUP = 'lookup known from "k.csv"\n    {}\n'


def test_lookups_hold_names_or_pairs(tmp_path: Path) -> None:
    _write(tmp_path, "k.csv", "a,b,c\nAnn,Bob,1\nEve,,2\nAnn,Bob,3\n")
    one = HEAD + LOOKUP.format("column a") + "rule r votes spam.SPAM\n    when text is in known\n"
    pair = (
        HEAD
        + LOOKUP.format("columns a, b\n    either order\n    compare ignoring case")
        + "rule r votes spam.SPAM\n    when the pair text, other is not in known\n"
    )
    resolver = Resolver((), tmp_path / "x.rules")
    (single,), (double,) = program(one, resolver).functions, program(pair, resolver).functions
    assert shown(single.expressions[0]) == "in_lookup(text, <2 keys>)"
    assert shown(double.expressions[0]) == "not(pair_in_lookup(text, other, <2 keys>))"
    table = double.expressions[0].arguments[0].arguments[2].value  # type: ignore[union-attr]
    assert table.keys == (("ann", "bob"), ("bob", "ann"))
    assert table.ignoring_case


@pytest.mark.parametrize(
    ("items", "condition", "kind", "place"),
    [
        ("column d", "text is in known", "unknown-column", "d"),
        ("columns a, b, c", "text is in known", "wrong-arguments", "c"),
        ("column a\n    either order", "text is in known", "wrong-arguments", "either order"),
        ("column a", "the pair text, other is in known", "wrong-arguments", "the pair text, other is in known"),
        ("columns a, b", "text is in known", "wrong-arguments", "text is in known"),
        ("column a", "likes is in known", "wrong-type", "likes"),
    ],
)
def test_mistakes_about_lookups(items: str, condition: str, kind: str, place: str, tmp_path: Path) -> None:
    _write(tmp_path, "k.csv", "a,b,c\nAnn,Bob,1\n")
    found = _mistake(tmp_path, LOOKUP.format(items), f"rule r votes spam.SPAM\n    when {condition}\n")
    assert (found.kind, marked(found)) == (kind, place)


# ------------------------------------------------------------------------------------------------------------- use … from


def test_names_of_another_file_with_their_own_paths(tmp_path: Path) -> None:
    _write(tmp_path, "shared/t.txt", "word\n")
    _write(
        tmp_path,
        "shared/words.rules",
        'terms T\n    file "t.txt"\n    BASE\nterms BASE\n    "base"\n'
        'condition hedged of some text as it\n    when it mentions "maybe"\n',
    )
    use = 'use T, hedged from "shared/words.rules"\n'
    rule = RULE.replace("of T", "of T and not hedged(text)")
    assert _meaning(tmp_path, use, rule) == "and(mentions(text, {word|base}), not(mentions(text, {maybe})))"


def test_mistakes_in_another_file_are_shown_there(tmp_path: Path) -> None:
    _write(tmp_path, "words.rules", 'terms T\n    "a", OTHER\n')
    found = _mistake(tmp_path, 'use T from "words.rules"\n')
    assert found.mark is not None
    assert found.mark.source.name.endswith("words.rules")
    assert (found.kind, marked(found)) == ("unknown-name", "OTHER")


@pytest.mark.parametrize(
    ("content", "use", "kind"),
    [
        ('terms T\n    "a"\n', 'use TT from "w.rules"', "unknown-name"),
        ('terms T\n    "a"\n', 'use T from "v.rules"', "missing-file"),
        ('terms GREETING\n    "a"\n', 'use GREETING from "w.rules"', "duplicate-name"),
        ('use T from "w.rules"\n', 'use T from "w.rules"', "circular-use"),
        ("data d\n    x text\ncondition T\n    when x is missing\n", 'use T from "w.rules"', "wrong-arguments"),
    ],
)
def test_mistakes_about_names_of_other_files(content: str, use: str, kind: str, tmp_path: Path) -> None:
    _write(tmp_path, "w.rules", content)
    found = problems(f"{HEAD}{use}\nrule r votes spam.SPAM\n    when likes is 1\n", Resolver((), tmp_path / "x.rules"))
    assert kind in [one.kind for one in found]


def test_two_files_that_use_one_another_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, "a.rules", 'use B from "b.rules"\nterms A\n    "a"\n')
    _write(tmp_path, "b.rules", 'use A from "a.rules"\nterms B\n    "b"\n')
    found = problems('use A from "b.rules"\n' + HEAD, Resolver((), tmp_path / "a.rules"))
    assert "circular-use" in [one.kind for one in found]


def test_one_file_used_from_two_places_is_no_circle(tmp_path: Path) -> None:
    _write(tmp_path, "base.rules", 'terms B\n    "b"\n')
    _write(tmp_path, "mid.rules", 'use B from "base.rules"\nterms T\n    "t", B\n')
    assert _meaning(tmp_path, 'use B from "base.rules"\nuse T from "mid.rules"\n') == "mentions(text, {t|b})"
