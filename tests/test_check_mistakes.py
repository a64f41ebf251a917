"""Mistakes of names, types and meaning: what is said, where, with which help, and that nothing follows on."""

from __future__ import annotations

import pytest
from checking import HEAD, checked, marked, problem, problems, program

from snorkel_dsl.language import ir
from snorkel_dsl.language.check import NoFiles, check
from snorkel_dsl.language.parse import parse
from snorkel_dsl.predicates import signatures
from snorkel_dsl.source import Source

CONDITIONS = [
    # condition, kind, marked text, part of the first help
    ("txet is missing", "unknown-name", "txet", "`text`"),
    ("text mentions any of GREETNG", "unknown-name", "GREETNG", "`GREETING`"),
    ("text mentions subscribe", "unknown-name", "subscribe", '`"subscribe"`'),
    ('text mentions "a" in BDOY', "unknown-name", "BDOY", "`BODY`"),
    ("text is in banned", "unknown-name", "banned", ""),
    ("text is in GREETING", "unknown-name", "GREETING", "mentions any of GREETING"),
    ("long", "unknown-name", "long", ""),
    ("hegded(text)", "unknown-name", "hegded", ""),
    ('likes mentions "a"', "wrong-type", "likes", "likes is at least"),
    ('kind contains "vid"', "wrong-type", "kind", 'kind is "…"'),
    ("text is more than 3", "wrong-type", "text is more than 3", "words"),
    ("text is 3", "wrong-type", "text is 3", ""),
    ('likes is "3"', "wrong-type", 'likes is "3"', "without quotes"),
    ("likes is yes", "wrong-type", "likes", ""),
    ("shared is 3", "wrong-type", "shared is 3", ""),
    ("text is GREETING", "wrong-type", "GREETING", "mentions any of GREETING"),
    ("posted is more than 3", "wrong-type", "posted is more than 3", ""),
    ("likes is after 3", "wrong-type", "likes", "likes is more than 3"),
    ("likes + posted is 3", "wrong-type", "likes + posted", ""),
    ("tags has more than 3 words", "wrong-type", "tags", ""),
    ("numbers is 3", "wrong-type", "numbers", ""),
    ('tags is "a"', "wrong-type", "tags", "tags contains"),
    ("likes is 101", "out-of-range", "101", ""),
    ("likes is one of 1, 200", "out-of-range", "200", ""),
    ("likes is between 5 and 500", "out-of-range", "500", ""),
    ('kind is "vidoe"', "unknown-choice", '"vidoe"', '"video"'),
    ("GREETING", "not-a-condition", "GREETING", "mentions any of GREETING"),
    ("shared", "not-a-condition", "shared", "shared is yes"),
    ('likes is 1 and text mentions "a" or likes is 2', "mixed-and-or", "or", "(likes is 1 and"),
    ("likes is between 5 and 3", "empty-range", "5 and 3", "between 3 and 5"),
    ("text mentions more than 2 of GREETING", "empty-range", "more than 2", "at least 5 times"),
    ("text has fewer than 0 words", "empty-range", "fewer than 0", ""),
    ("at least 3 of\n        likes is 1\n        likes is 2", "empty-range", "at least 3", ""),
    ("posted is after 2026-02-30", "no-such-time", "2026-02-30", ""),
    ("posted is after 25:00", "no-such-time", "25:00", ""),
    ('text mentions " "', "term-never-matches", '" "', ""),
    ('text mentions "*"', "term-never-matches", '"*"', ""),
    ('other mentions "a" in BODY', "wrong-section", "in BODY", "`text`"),
    ('some line of text where likes is 1', "part-without-it", "likes is 1", "brackets"),
    ('for some WORD in GREETING (text mentions WORD and likes is 1)', "part-without-it", "likes is 1", ""),
    ('some piece of text where it mentions "a"', "wrong-unit", "piece", "split at"),
    ('some line of text split at "." where it mentions "a"', "wrong-unit", '"."', ""),
    ('text starts with "a" at least 2 times', "wrong-quantifier", "at least 2 times", ""),
    ('text contains "a" followed by "b"', "wrong-quantifier", 'followed by "b"', ""),
    ("for some text in GREETING text mentions text", "duplicate-name", "text", "another name"),
    ("text matches /{WORD}/", "unknown-name", "{WORD}", "for some WORD in LIST"),
    ("text matches /a(?=b)/", "unsupported-pattern", "(?=b)", ""),
    ("text matches /a(b/", "invalid-pattern", "(", ""),
    ('text asserts "a"', "no-context", "asserts", "use context clinical_english"),
    ("text denies any of GREETING under chest", "unknown-name", "chest", "use context"),
    ('text mentions "a" under chest', "misplaced-line", "under chest", "asserts … under chest"),
    ("text matches /a/ under chest", "misplaced-line", "under chest", ""),
    ("text mentions every GREETING", "wrong-quantifier", "every GREETING", "all of"),
    ("likes asserts any of GREETING", "wrong-type", "likes", ""),
    ('tags denies "a"', "wrong-type", "tags", ""),
    ('text denies "a" followed by "b"', "wrong-quantifier", 'followed by "b"', ""),
    ("text denies all of GREETING at least 2 times", "wrong-quantifier", "at least 2 times", ""),
    ("text has an entity PERSON", "no-pipeline", "text has an entity PERSON", ""),
    ("sentiment(text) is above 0.9", "unknown-name", "sentiment", "condition sentiment of some text as it"),
    ("len(text) is above 3", "unknown-name", "len", "text has more than 3 words"),
    ('lower(text) contains "x"', "unknown-name", "lower", "case is ignored"),
    ('the 3 words before text mention "a"', "not-a-span", "text", "spans: `ann`, `ben`"),
    ("text is within 3 words of ann", "not-a-span", "text", "spans: `ann`, `ben`"),
    ("ann is before ann", "span-and-itself", "ann", ""),
    ('the 3 lines after ann mention "a"', "wrong-unit", "lines", "write words, tokens or characters"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "kind", "place", "advice"), CONDITIONS)
def test_a_wrong_condition_is_one_mistake(written: str, kind: str, place: str, advice: str) -> None:
    found = problem(written)
    assert found.kind == kind, found
    if kind not in ("invalid-pattern", "unsupported-pattern", "unknown-name") or not place.startswith("{"):
        assert marked(found) == place, found
    assert advice in " ".join(found.helps)


def test_the_column_that_a_rule_asks_is_offered_for_its_example() -> None:
    (found,) = problems(f'{HEAD}rule r votes HAM\n    when other mentions "a"\n    example HAM "a"\n')
    assert found.helps == ('write `other "a"`',)


def test_a_mixture_shows_both_readings() -> None:
    found = problem("likes is 1 and likes is 2 or likes is 3 and likes is 4")
    assert found.helps == (
        "either write `(likes is 1 and likes is 2) or (likes is 3 and likes is 4)`",
        "or write `likes is 1 and (likes is 2 or likes is 3) and likes is 4`",
    )


RULES = [
    # a rule block, kind, marked text
    ("rule r votes SPAMM\n    when likes is 1\n", "unknown-name", "SPAMM"),
    ("rule r votes UNSURE\n    when likes is 1\n", "ambiguous-label", "UNSURE"),
    ("rule r votes spam.KIND\n    when likes is 1\n", "label-of-another-task", "KIND"),
    ("rule r votes spma.SPAM\n    when likes is 1\n", "unknown-name", "spma"),
    ("rule r votes HAM or RUDE\n    when likes is 1\n", "label-of-another-task", "RUDE"),
    ("rule r votes HAM\n    when likes is 1\n    example RUDE likes 1\n", "label-of-another-task", "RUDE"),
    ("rule r votes HAM or SPAM or spam.UNSURE\n    when likes is 1\n", "every-label", "HAM or SPAM or spam.UNSURE"),
    ("rule r votes HAM\n    unless likes is 1\n", "no-when", "r"),
    ("rule r\n    when likes is 1\n", "no-vote", "when likes is 1"),
    ("rule r votes HAM\n    when likes is 1 vote SPAM\n", "two-votes", "SPAM"),
    ("rule r\n    when likes is 1 vote HAM\n    when likes is 1 vote SPAM\n", "never-votes", "when likes is 1 vote SPAM"),
    ("rule r votes HAM\n    when likes is 1\n    unless likes is 1\n", "never-votes", "r"),
    ("rule r\n    otherwise vote HAM\n", "misplaced-line", "otherwise vote HAM"),
    ('rule r votes HAM\n    when likes is 1\n    "a" means HAM\n', "misplaced-line", '"a" means HAM'),
    ('rule r votes by column "otehr"\n    "a" means HAM\n', "unknown-name", '"otehr"'),
    ('rule r votes by column "likes"\n    "a" means HAM\n', "wrong-type", '"a"'),
    ('rule r votes by column "text"\n    1 means HAM\n', "wrong-type", "1"),
    ('rule r votes by column "shared"\n    "a" means HAM\n', "wrong-type", '"shared"'),
    ('rule r votes by column "text"\n    "a" means HAM\n    "b", "a" abstain\n', "duplicate-name", '"a"'),
    ('rule r votes HAM\n    when likes is 1\n    "a" abstains\n', "misplaced-line", '"a" abstains'),
    ('rule r votes by column "kind"\n    "a" means HAM\n', "unknown-choice", '"a"'),
    ('rule r votes by column "text"\n    "a" means HAM\n    when likes is 1\n', "misplaced-line", "when likes is 1"),
    ('rule r votes by column "text"\n    "a" means HAM\n    "a" means SPAM\n', "duplicate-name", '"a"'),
    ("rule r for each W in GREETING votes HAM\n    when likes is 1\n", "part-without-it", "W"),
    ("rule r for each W in GRETING votes HAM\n    when text mentions W\n", "unknown-name", "GRETING"),
    ('rule r votes HAM\n    when likes is 1\n    example HAM "a"\n', "unclear-example", '"a"'),
    ("rule r votes HAM\n    when likes is 1\n    example HAM likes 300\n", "out-of-range", "300"),
    ('rule r votes HAM\n    when likes is 1\n    example HAM likes "3"\n', "wrong-type", '"3"'),
    ("rule r votes HAM\n    when likes is 1\n    example HAM lieks 3\n", "unknown-name", "lieks"),
    ('rule r votes HAM\n    when likes is 1\n    example HAM kind "clip"\n', "unknown-choice", '"clip"'),
    ("rule r votes HAM\n    when likes is 1\n    expect precison at least 8% on dev\n", "unknown-name", "precison"),
    ("rule r votes HAM\n    when likes is 1\n    expect precision at least 180% on dev\n", "out-of-range", "180%"),
    ("rule r votes HAM\n    when likes is 1\n    status depricated\n", "unknown-name", "depricated"),
    ("rule r votes HAM\n    when likes is 1\n    status deprecated, use q\n", "unknown-name", "q"),
    ("rule r votes HAM\n    when likes is 1\n    formerly r\n", "duplicate-name", "r"),
    ("rule r votes HAM\n    when likes is 1\nrule r votes SPAM\n    when likes is 2\n", "duplicate-name", "r"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "kind", "place"), RULES)
def test_a_wrong_rule_is_one_mistake(rule: str, kind: str, place: str) -> None:
    found = problems(HEAD + rule)
    assert [(one.kind, marked(one)) for one in found] == [(kind, place)], found


BLOCKS = [
    ('terms EMPTY\n    except "a"\n', "empty-terms", "EMPTY"),
    ("terms A\n    B\nterms B\n    A\n", "circular-use", "A"),
    ("condition c\n    when c\n", "circular-use", "c"),
    ("condition c of some text as it\n    when likes is 1\n", "part-without-it", "it"),
    ("condition c\n    unless likes is 1\n", "no-when", "c"),
    ('terms GREETING\n    "a"\n', "duplicate-name", "GREETING"),
    ('sections of other\n    text from "a" up to "b"\n', "duplicate-name", "text"),
    ("data other\n    text text\n", "repeated-block", "data other"),
    ("language 3\n", "unknown-language", "3"),
    ('package a version "1"\n', "bad-version", '"1"'),
    ("task t on rwo\n    labels A, B\n", "unknown-name", "rwo"),
    ("task t on row\n    labels A\n", "too-few-labels", "t"),
    ("task t on row\n    labels A, A\n", "duplicate-name", "A"),
    ("task t on row\n    labels A, none\n", "reserved-label", "none"),
    ("task t on row\n    labels A, B, C\n    balance A 20%\n", "bad-balance", "balance A 20%"),
    ("task t on row\n    labels A, B\n    balance D 20%\n", "unknown-name", "D"),
    ('sections of likes\n    X from "a" up to "b"\n', "wrong-type", "likes"),
    ("task t under spam\n    labels A, B\n", "wrong-under", "spam"),
    ("task t under spam.SPAM.more\n    labels A, B\n", "wrong-under", "spam.SPAM.more"),
    ("task t under smap.SPAM\n    labels A, B\n", "unknown-name", "smap"),
    ("task t under spam.SPMA\n    labels A, B\n", "unknown-name", "SPMA"),
    ("task t under t.A\n    labels A, B\n", "circular-task", "t.A"),
    ("task t on row\n    labels A, any number may apply\n    balance A 100%\n", "bad-balance", "A 100%"),
    ("task t on row\n    labels A, A, any number may apply\n", "duplicate-name", "A"),
    ('sections of text\n    X headed " :"\n', "empty-text", '" :"'),
    ("require spam.SPAM implies tone.RUED\n", "unknown-name", "RUED"),
    ("require spam.SPAM implies spam.HAM\n", "empty-requirement", "require spam.SPAM implies spam.HAM"),
    ("require spam.SPAM implies UNSURE\n", "ambiguous-label", "UNSURE"),
    ("require spam.SPAM excludes tone.RUED\n", "unknown-name", "RUED"),
    ("require spam.SPAM excludes spam.HAM\n", "empty-requirement", "require spam.SPAM excludes spam.HAM"),
    ("require at least one of SPAM, RUDE, SMAP\n", "unknown-name", "SMAP"),
    ("require exactly one of SPAM, RUDE, spam.SPAM\n", "duplicate-name", "spam.SPAM"),
    ("require at most one of SPAM, HAM\n", "empty-requirement", "require at most one of SPAM, HAM"),
    ("slice s\n    when likes is 1\n", "comes-later", "s"),
    ('terms T\n    from ontology "a.obo" below "X:1"\n', "missing-file", '"a.obo"'),
    ("use context clinical_english\n", "missing-file", "clinical_english"),
    ('use functions from plugin "p" version 2\n', "missing-plugin", '"p"'),
    ('context c\n    negation before " "\n', "term-never-matches", '" "'),
    ('context c\n    stop at "but" reaching 2 words\n', "misplaced-line", "2"),
    ('context c\n    negation before "no" reaching 0 words\n', "not-a-whole-number", "0"),
    ('context c extends d\n    negation before "no"\n', "unknown-name", "d"),
    ('context c extends c\n    negation before "no"\n', "circular-use", "c"),
    ('context GREETING\n    negation before "no"\n', "duplicate-name", "GREETING"),
    ('terms T\n    file "t.txt"\n', "missing-file", '"t.txt"'),
]


@pytest.mark.parametrize(("block", "kind", "place"), BLOCKS)
def test_a_wrong_block_is_one_mistake_and_the_rest_still_runs(block: str, kind: str, place: str) -> None:
    found, diagnostics = checked(f"{HEAD}{block}rule r votes SPAM\n    when likes is 1\n")
    assert [(one.kind, marked(one).strip()) for one in diagnostics] == [(kind, place)]
    assert found is not None
    assert [function.rule for function in found.functions] == ["r"]


def test_nothing_follows_on_from_what_was_declared_wrongly() -> None:
    text = (
        HEAD.replace("shared  yes/no", "shared  span of txet")
        + """
terms T
    file "t.txt"
sections of text
    X headed "x"
condition c of some text as it
    when it mentions any of NO_LIST
rule a votes SPAM
    when text mentions any of T in X and shared is yes
rule b votes SPAM
    when c(text) and for some W in T text mentions W
rule d votes SPAM
    when the words between shared and shared mention "x" or shared is within 3 words of shared
    example SPAM shared yes
"""
    )
    assert sorted(one.kind for one in problems(text)) == ["missing-file", "unknown-name", "unknown-name"]


def test_names_of_a_block_that_cannot_be_read_count_as_declared() -> None:
    text = HEAD.replace("    likes   number from 0 to 100\n", "    likes   nmuber form 0 to 100\n")
    source = Source("test.rules", text + "rule r votes SPAM\n    when likes is 1 and text mentions any of GREETING\n")
    file, said = parse(source)
    assert said
    assert check(file, source, signatures(), NoFiles())[1] == []


def test_all_mistakes_come_in_one_run_in_the_order_of_their_places() -> None:
    text = HEAD + "rule a votes SPAMM\n    when txet is missing\n    example HMA likes 300\n"
    assert [(one.kind, marked(one)) for one in problems(text)] == [
        ("unknown-name", "SPAMM"),
        ("unknown-name", "txet"),
        ("unknown-name", "HMA"),
        ("out-of-range", "300"),
    ]


def test_a_mistake_under_for_each_is_said_once() -> None:
    text = HEAD + "rule a for each W in GREETING votes SPAM\n    when text mentions W and txet is missing\n"
    assert [marked(one) for one in problems(text)] == ["txet"]


def test_no_data_and_no_task_are_said_without_what_follows() -> None:
    assert [one.kind for one in problems('rule a votes SPAM\n    when text mentions "x"\n')] == ["no-data", "no-task"]


def test_expansion_is_bounded() -> None:
    digits = "terms DIGIT\n    " + ", ".join(f'"{digit}"' for digit in range(10)) + "\n"
    nested = "".join(f"for some {name} in DIGIT\n{' ' * 4 * (depth + 2)}" for depth, name in enumerate("ABCDE"))
    found = problem(nested + "text matches /{A}{B}{C}{D}{E}/", digits)
    assert found.kind == "too-many-terms"


def test_conditions_and_lists_inside_one_another_are_bounded() -> None:
    rule = "rule r votes SPAM\n    when likes is 1\n"
    conditions = (
        "".join(f"condition c{n}\n    when not c{n + 1}\n" for n in range(900))
        + "condition c900\n    when likes is 1\n"
    )
    lists = "".join(f"terms T{n}\n    T{n + 1}\n" for n in range(900)) + 'terms T900\n    "a"\n'
    assert {one.kind for one in problems(HEAD + conditions + rule)} == {"too-large"}
    assert {one.kind for one in problems(HEAD + lists + rule)} == {"too-large"}


def test_one_cause_is_said_once_however_many_conditions_it_concerns() -> None:
    rules = 'rule a votes SPAM\n    when text asserts "x"\nrule b votes SPAM\n    when text denies "x"\n'
    several = 'context one\n    negation before "no"\ncontext two\n    negation before "not"\n'
    assert [(one.kind, marked(one)) for one in problems(HEAD + several + rules)] == [("several-contexts", "asserts")]
    assert [(one.kind, marked(one)) for one in problems(HEAD + rules)] == [("no-context", "asserts")]


def test_the_context_that_extends_the_others_is_meant() -> None:
    rule = 'rule a votes SPAM\n    when text denies "x"\n'
    base = 'context base\n    negation before "no"\n'
    mine = 'context mine extends base\n    negation before "nil"\n'
    more = 'context more extends mine\n    negation before "zero"\n'
    for blocks, meant in ((base, "base"), (mine + base, "mine"), (base + more + mine, "more")):
        (function,) = program(HEAD + blocks + rule).functions
        condition = function.clauses[0].condition
        assert condition is not None
        constants = [one for one in ir.walk(condition) if isinstance(one, ir.Constant)]
        assert [one.value.name for one in constants if isinstance(one.value, ir.Context)] == [meant]
