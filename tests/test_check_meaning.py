"""What each form of the language means: the operators that are left when the sugar is gone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from checking import HEAD, condition, program, shown

from snorkel_dsl.language import ir

DAY = 86_400_000_000
NOON_DAY = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp()) * 1_000_000

TEXTS = {
    'text mentions "a" or "b"': "mentions(text, {a|b})",
    "text mentions any of GREETING": "mentions(text, {hello|good day})",
    "text mentions GREETING": "mentions(text, {hello|good day})",
    "text does not mention any of GREETING": "not(mentions(text, {hello|good day}))",
    "text mentions none of GREETING": "not(mentions(text, {hello|good day}))",
    "text does not mention none of GREETING": "mentions(text, {hello|good day})",
    "text mentions all of GREETING": "at_least(mentions_terms(text, {hello|good day}), 2)",
    "text mentions any of MASKED": "mentions(text, {reply|answer - please reply})",
    "text mentions any of GREETING, MASKED": ("mentions(text, {{hello|good day} {reply|answer - please reply}})"),
    "text mentions more than 1 of GREETING": "at_least(mentions_terms(text, {hello|good day}), 2)",
    "text mentions fewer than 2 of GREETING": "not(at_least(mentions_terms(text, {hello|good day}), 2))",
    "text mentions GREETING at least 5 times": "at_least(mentions_count(text, {hello|good day}), 5)",
    'text contains "a" at most 2 times': "not(at_least(contains_count(text, {a}), 3))",
    'text contains exact case "US"': "contains(text, {US!})",
    'text mentions exactly "x-ray"': "mentions(text, {x-ray=})",
    'text starts with "a"': "starts_with(text, {a})",
    'text does not end with "a"': "not(ends_with(text, {a}))",
    "text starts with all of GREETING": "at_least_of(2, starts_with(text, {hello}), starts_with(text, {good day}))",
    'text mentions any of GREETING followed within 4 words by "x"': "followed_by(text, {hello|good day}, {x}, 4)",
    'text mentions "a" followed by "b"': "followed_by(text, {a}, {b}, -1)",
    'text mentions "a" in BODY': "mentions(section(text, <B:…E:>), {a})",
    'text mentions "a" outside BODY': "mentions(outside(text, <B:…E:>), {a})",
    'text mentions "a" in the first 2 sentences': "mentions(first(text, 2, 'sentences'), {a})",
    'text mentions "a" in the last line in BODY': "mentions(last(section(text, <B:…E:>), 1, 'lines'), {a})",
    'text mentions "a" followed by "b" in the same sentence': (
        "[1..None sentences(text): followed_by(it0, {a}, {b}, -1)]"
    ),
    "text mentions all of GREETING in the same line": (
        "[1..None lines(text): at_least(mentions_terms(it0, {hello|good day}), 2)]"
    ),
    "text does not match /a.b/": "not(matches(text, /a.b/))",
    "text matches exact case /a/ in BODY": "matches(section(text, <B:…E:>), /a/exact)",
    "tags contains any of GREETING": "list_contains(tags, {hello|good day})",
    "text has fewer than 5 words": "at_least(4, size(text, 'words'))",
    "text has more than 4 tokens": "at_least(size(text, 'tokens'), 5)",
    "text has exactly 1 line": "equal(size(text, 'lines'), 1)",
    "text does not have at least 2 links": "not(at_least(size(text, 'links'), 2))",
    "at least 50% of letters in text are capital": (
        "and(at_least(multiply(capital(text, 'letters'), 100), multiply(size(text, 'letters'), 50)), "
        "more(size(text, 'letters'), 0))"
    ),
    'the first 3 words of text mention "a"': "mentions(first(text, 3, 'words'), {a})",
    'the last word of text is "a"': "is_text(last(text, 1, 'words'), ('a',))",
}

VALUES = {
    "likes is 3": "equal(likes, 3)",
    "likes is not 3": "not(equal(likes, 3))",
    "likes is more than 3": "more(likes, 3)",
    "likes is less than 3": "more(3, likes)",
    "likes is at most 3": "at_least(3, likes)",
    "likes >= 3": "at_least(likes, 3)",
    "likes is between 3 and 5": "and(at_least(likes, 3), at_least(5, likes))",
    "likes is one of 1, 2, 80%": "is_one_of(likes, (1.0, 2.0, 0.8))",
    "likes is score": "equal(likes, score)",
    "likes * 2 + 1 is above 5 times score": "more(add(multiply(likes, 2), 1), multiply(5, score))",
    "(likes + score) / 2 is below 4": "more(4, divide(add(likes, score), 2))",
    "posted is after 2026-11-20": f"at_least(posted, {NOON_DAY + DAY})",
    "posted is before 2026-11-20": f"more({NOON_DAY}, posted)",
    "posted is 2026-11-20": f"and(at_least(posted, {NOON_DAY}), more({NOON_DAY + DAY}, posted))",
    "posted is between 2026-11-19 and 2026-11-20": (
        f"and(at_least(posted, {NOON_DAY - DAY}), more({NOON_DAY + DAY}, posted))"
    ),
    "posted is at most 2026-11-20": f"more({NOON_DAY + DAY}, posted)",
    "posted is after 2026-11-20 12:00": f"more(posted, {NOON_DAY + DAY // 2})",
    "2026-11-20 is before posted": f"at_least(posted, {NOON_DAY + DAY})",
    "posted is after 22:30": f"more(clock(posted), {81_000_000_000})",
    "posted is between 22:30 and 05:00": (
        f"or(at_least(clock(posted), {81_000_000_000}), at_least({18_000_000_000}, clock(posted)))"
    ),
    "posted is not between 05:00 and 22:30": (
        f"not(and(at_least(clock(posted), {18_000_000_000}), at_least({81_000_000_000}, clock(posted))))"
    ),
    "posted is within 2 days of seen": f"at_least({2 * DAY}, absolute(subtract(posted, seen)))",
    "posted - seen is less than 7 days": f"more({7 * DAY}, subtract(posted, seen))",
    "2 days + posted is before seen": f"more(seen, add(posted, {2 * DAY}))",
    "text is missing": "is_missing(text)",
    "text is present": "not(is_missing(text))",
    "text is not present": "is_missing(text)",
    "shared is yes": "is_yes(shared)",
    "shared is no": "not(is_yes(shared))",
    "shared is not no": "is_yes(shared)",
    'text is "a" or "b"': "is_text(text, ('a', 'b'))",
    'kind is not "video"': "not(is_choice(kind, ('video',)))",
    "text is other": "same_text(text, other)",
}

LOGIC = {
    "likes is 1 and (likes is 2 and likes is 3)": "and(equal(likes, 1), equal(likes, 2), equal(likes, 3))",
    "likes is 1 or (likes is 1)": "equal(likes, 1)",
    "not (not (likes is 1))": "equal(likes, 1)",
    "any of\n        likes is 1\n        likes is 2": "or(equal(likes, 1), equal(likes, 2))",
    "none of\n        likes is 1\n        likes is 2": "not(or(equal(likes, 1), equal(likes, 2)))",
    "exactly 1 of\n        likes is 1\n        likes is 2": (
        "and(at_least_of(1, equal(likes, 1), equal(likes, 2)), at_most_of(1, equal(likes, 1), equal(likes, 2)))"
    ),
    "fewer than 2 of\n        likes is 1\n        likes is 2": "at_most_of(1, equal(likes, 1), equal(likes, 2))",
    'some sentence of text where it mentions "a"': "[1..None sentences(text): mentions(it0, {a})]",
    'no line of BODY where it mentions "a"': "[None..0 lines(section(text, <B:…E:>)): mentions(it0, {a})]",
    'every paragraph of text where it mentions "a"': "[every paragraphs(text): mentions(it0, {a})]",
    'exactly 2 pieces of text split at "." where it contains "a"': "[2..2 pieces(text, '.'): contains(it0, {a})]",
    'some paragraph of text where some line of it where it mentions "a"': (
        "[1..None paragraphs(text): [1..None lines(it0): mentions(it0, {a})]]"
    ),
    "for some WORD in GREETING text matches /a {WORD}+/": (
        "or(matches(text, /a (?:hello)+/), matches(text, /a (?:good\\ day)+/))"
    ),
    "for some WORD in MASKED text mentions WORD": (
        "or(mentions(text, {reply - please reply}), mentions(text, {answer - please reply}))"
    ),
}


@pytest.mark.parametrize(("written", "meaning"), [*TEXTS.items(), *VALUES.items(), *LOGIC.items()])
def test_a_condition_means_its_operators(written: str, meaning: str) -> None:
    assert condition(written) == meaning


def test_every_operator_that_the_checker_writes_fits_its_signature() -> None:
    from snorkel_dsl.predicates import signatures

    known = signatures()
    rules = "\n".join(f"rule r{n} votes spam.SPAM\n    when {text}" for n, text in enumerate([*TEXTS, *VALUES, *LOGIC]))
    for function in program(f"{HEAD}{rules}\n").functions:
        for node in ir.walk(function.expressions[0]):
            if isinstance(node, ir.Call):
                signature = known[node.operator]
                for position, argument in enumerate(node.arguments):
                    inside = position < len(signature.parameters)
                    accepted = signature.parameters[position] if inside else signature.rest
                    assert accepted is not None, shown(node)
                    assert argument.kind in accepted, (shown(node), argument.kind)


NAMED = """\
condition hedged of some text as it
    when it mentions "may be"
    when some sentence of it where it mentions "perhaps"
    unless it is missing
condition short
    when text has fewer than 3 words
"""
HEDGED = (
    "and(or(mentions({0}, {{may be}}), [1..None sentences({0}): mentions(it0, {{perhaps}})]), not(is_missing({0})))"
)


def test_named_conditions_are_written_out() -> None:
    assert condition("hedged(text)", NAMED) == HEDGED.format("text")
    assert condition("not short", NAMED) == "not(at_least(2, size(text, 'words')))"
    assert condition("some line of text where hedged(it)", NAMED) == f"[1..None lines(text): {HEDGED.format('it0')}]"


def test_a_piece_is_counted_from_the_inside() -> None:
    blocks = "condition doubled of some text as part\n    when some line of part where it is part\n"
    alone = "[1..None lines({0}): same_text(it0, {1})]"
    assert condition("doubled(text)", blocks) == alone.format("text", "text")
    asked = condition("some sentence of text where doubled(it)", blocks)
    assert asked == f"[1..None sentences(text): {alone.format('it0', 'it1')}]"


def test_tasks_and_rules_may_share_names_with_what_stands_elsewhere() -> None:
    assert condition("spam", "condition spam\n    when likes is 1\n") == "equal(likes, 1)"


def test_conditions_and_terms_may_be_used_before_they_are_declared() -> None:
    blocks = """\
condition outer
    when inner and text mentions any of LATE
condition inner
    when likes is 1
terms LATE
    GREETING, LATER
terms LATER
    exact case "Hi", exactly_listed
terms exactly_listed
    exactly "x-ray"
    except "x-ray table"
"""
    found = condition("outer", blocks.replace('exact case "Hi", exactly_listed', 'exact case "Hi"\n    exactly_listed'))
    assert found == "and(equal(likes, 1), mentions(text, {{hello|good day|Hi!} {x-ray= - x-ray table}}))"


# ----------------------------------------------------------------------------------------------------------------- rules


def test_votes_of_a_rule_with_several_lines() -> None:
    text = (
        HEAD
        + """
rule band
    when likes is at least 10 vote HAM or SPAM
    when likes is 0 vote not HAM
    otherwise abstain
    unless text is missing
"""
    )
    (function,) = program(text).functions
    assert function.task == "spam"
    assert [clause.vote and sorted(clause.vote.labels) for clause in function.clauses] == [[0, 1], [1, 2], None]
    assert function.clauses[2].condition is None
    assert [shown(condition) for condition in function.unless] == ["is_missing(text)"]


def test_for_each_makes_one_function_a_term() -> None:
    text = 'package a.b version "1.0.0"\n' + HEAD
    found = program(text + "rule greets for each WORD in GREETING votes tone.KIND\n    when text mentions WORD\n")
    assert [function.name for function in found.functions] == ["a.b.greets[hello]", "a.b.greets[good day]"]
    assert found.rules[0].functions == ("a.b.greets[hello]", "a.b.greets[good day]")
    assert [shown(function.expressions[0]) for function in found.functions] == [
        "mentions(text, {hello})",
        "mentions(text, {good day})",
    ]


def test_votes_by_column_find_the_column_by_either_name() -> None:
    for name in ("other", "Other"):
        rule = f'rule up votes by column "{name}"\n    "s" means SPAM\n    "?" means HAM or SPAM\n'
        (function,) = program(HEAD + rule).functions
        assert function.by_column == ir.ColumnVotes(
            "other", (("s", ir.Vote("spam", frozenset({1}))), ("?", ir.Vote("spam", frozenset({0, 1}))))
        )


def test_examples_and_what_else_a_rule_says() -> None:
    text = (
        HEAD.replace('    other   text from column "Other"\n', "")
        + '''
rule r votes SPAM
    when text mentions "a"
    example SPAM """
        two
          lines
        """
    example todo none likes 3, posted 2026-11-20, shared no, kind "video", tags "a", "b", numbers 1, 2, score missing
    expect precision at least 80% on dev
    expect coverage between 1% and 20% on train
    source "the guide"
    note "a note"
    status deprecated, use s
    formerly q
rule s votes SPAM
    when likes is 1
    status disabled
'''
    )
    found = program(text)
    rule, disabled = found.rules
    assert rule.examples[0].row == (("text", "two\n  lines"),)
    assert dict(rule.examples[1].row) == {
        "likes": 3.0,
        "posted": NOON_DAY,
        "shared": False,
        "kind": "video",
        "tags": ("a", "b"),
        "numbers": (1.0, 2.0),
        "score": None,
    }
    assert rule.examples[1].vote is None
    assert rule.examples[1].todo
    assert [(one.measure, one.least, one.most, one.dataset) for one in rule.expectations] == [
        ("precision", 0.8, None, "dev"),
        ("coverage", 0.01, 0.2, "train"),
    ]
    assert (rule.origin, rule.notes, rule.status, rule.successor, rule.formerly) == (
        "the guide", ("a note",), "deprecated", "s", ("q",),
    )  # fmt: skip
    assert disabled.functions == ()
    assert [function.rule for function in found.functions] == ["r"]


def test_a_balance_gives_the_rest_to_the_label_that_is_left_out() -> None:
    text = HEAD.replace("labels HAM, SPAM, UNSURE", "labels HAM, SPAM, UNSURE\n    balance SPAM 30%, HAM 50%")
    found = program(text + "rule r votes SPAM\n    when likes is 1\n")
    assert found.task("spam").balance == (0.5, 0.3, 0.2)
    assert found.column("other").source == "Other"


def test_terms_that_are_looked_for_alike_count_once() -> None:
    blocks = 'terms IMAGING\n    "x-ray", "X ray", "CT"'
    assert condition("text mentions all of IMAGING", blocks) == "at_least(mentions_terms(text, {x-ray|CT}), 2)"
    assert condition("text contains at least 3 of IMAGING", blocks).startswith("at_least(contains_terms(text, {x-ray|X")
    assert condition('text mentions "ct" or "CT"') == "mentions(text, {ct})"
