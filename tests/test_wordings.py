"""What an expert writes about lists, assertion, sections, contexts, ontologies, spans, tasks and votes is answered in its
own words, and a line that is offered can be written: the file is sound with it.
"""

from __future__ import annotations

import re

import pytest
from checking import HEAD

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.language.check import NoFiles, check
from snorkel_dsl.language.parse import parse
from snorkel_dsl.predicates import signatures
from snorkel_dsl.source import Source

CONTEXT = 'context plain\n    negation before "no"\n'
TOP = f'{HEAD}{CONTEXT}sections of other\n    SEEN headed "seen"\n    MEANT headed "meant"\n'


def complaints(text: str) -> list[Diagnostic]:
    """Everything that is said of a file: by the parser, and of the rest by the checker."""
    source = Source("test.rules", text)
    file, unread = parse(source)
    return [*unread, *check(file, source, signatures(), NoFiles())[1]]


def errors(text: str) -> list[Diagnostic]:
    return [one for one in complaints(text) if one.severity == "error"]


CONDITIONS = {
    # lists
    "text denies all GREETING": "text denies every GREETING",
    "text denies every of GREETING": "text denies every GREETING",
    "text mentions all GREETING": "text mentions all of GREETING",
    "text asserts each of GREETING": "text asserts every GREETING",
    "text asserts some of GREETING": "text asserts any of GREETING",
    "text asserts a GREETING": "text asserts any of GREETING",
    "text asserts no GREETING": "text asserts none of GREETING",
    "text asserts not any of GREETING": "text asserts none of GREETING",
    "text asserts at least 2 GREETING": "text asserts at least 2 of GREETING",
    "text asserts at least two of GREETING": "text asserts at least 2 of GREETING",
    "text asserts 2 of GREETING": "text asserts at least 2 of GREETING",
    "text asserts two of GREETING": "text asserts at least 2 of GREETING",
    "text asserts GREETING twice": "text asserts GREETING exactly 2 times",
    'text mentions all forms of "win"': 'text mentions any form of "win"',
    "text asserts at least one GREETING": "text asserts at least 1 of GREETING",
    "text suspects GREETING more than once": "text suspects GREETING at least 2 times",
    'text mentions any form of "win" or any form of "lose"': 'text mentions any form of "win" or "lose"',
    "text asserts any of (GREETING)": "text asserts any of GREETING",
    "text has any of GREETING": "text mentions any of GREETING",
    "GREETING in text": "text mentions any of GREETING",
    '"x" in text': 'text mentions "x"',
    'text like "%x%"': 'text contains "x"',
    'text asserts "a", "b"': 'text asserts "a" or "b"',
    'text mentions "a", "b", or "c"': 'text mentions "a" or "b" or "c"',
    'text mentions "a" followed within 1 word by "b", "c" and likes is 1': (
        'text mentions "a" followed within 1 word by "b" or "c" and likes is 1'
    ),
    'text mentions any of GREETING followed by "b", "c", "d"': 'text mentions any of GREETING followed by "b" or "c" or "d"',
    'text asserts any of GREETING, "x"': 'text asserts any of GREETING or text asserts "x"',
    "text asserts GREETING, MASKED": "text asserts any of GREETING, MASKED",
    # assertion
    "text.asserts(GREETING)": "text asserts any of GREETING",
    'text asserts both "a" and "b"': 'text asserts "a" and text asserts "b"',
    'text asserts neither "a" nor "b"': 'not (text asserts "a" or "b")',
    "text never denies any of GREETING": "text does not deny any of GREETING",
    "text doesnt assert any of GREETING": "text does not assert any of GREETING",
    "text asserts that any of GREETING": "text asserts any of GREETING",
    "text asserts or suspects any of GREETING": "text asserts any of GREETING or text suspects any of GREETING",
    "text asserts any of GREETING and denies every MASKED": "text asserts any of GREETING and text denies every MASKED",
    "text asserts any of GREETING and does not deny MASKED": "text asserts any of GREETING and text does not deny MASKED",
    'text asserts "a" but not "b"': 'text asserts "a" and not (text asserts "b")',
    "text is negative for any of GREETING": "text denies any of GREETING",
    "text confirms any of GREETING": "text asserts any of GREETING",
    "any of GREETING is denied in text": "text denies any of GREETING",
    "every GREETING is denied in text": "text denies every GREETING",
    "text asserts any of GREETING under the context plain": "text asserts any of GREETING under plain",
    "text asserts any of GREETING using plain": "text asserts any of GREETING under plain",
    'text asserts any of GREETING under "plain"': "text asserts any of GREETING under plain",
    # where
    "other asserts any of GREETING in the SEEN section": "other asserts any of GREETING in SEEN",
    'other asserts any of GREETING in "SEEN"': "other asserts any of GREETING in SEEN",
    "other asserts any of GREETING not in SEEN": "other asserts any of GREETING outside SEEN",
    "other asserts any of GREETING in SEEN, MEANT":
        "other asserts any of GREETING in SEEN or other asserts any of GREETING in MEANT",
    "in SEEN other asserts any of GREETING": "other asserts any of GREETING in SEEN",
    "text asserts any of GREETING within the same sentence": "text asserts any of GREETING in the same sentence",
    "text asserts any of GREETING in one sentence": "text asserts any of GREETING in the same sentence",
    "text asserts any of GREETING in first 2 sentences": "text asserts any of GREETING in the first 2 sentences",
    "some sentence of text asserts any of GREETING": "some sentence of text where it asserts any of GREETING",
    "any sentence of text denies any of GREETING": "some sentence of text where it denies any of GREETING",
    # spans
    'the words from ann to ben mention "x"': 'the words between ann and ben mention "x"',
    'the text between ann and ben mentions "x"': 'the words between ann and ben mentions "x"',
    'some word between ann and ben mentions "x"': 'the words between ann and ben mentions "x"',
    "ann is near ben": "ann is within 5 words of ben",
    "ann is within 5 of ben": "ann is within 5 words of ben",
    "ann is within five words of ben": "ann is within 5 words of ben",
    "ann precedes ben": "ann is before ben",
    "ann comes after ben": "ann is after ben",
    '3 words left of ann mention "x"': 'the 3 words before ann mention "x"',
    'the three words before ann mention "x"': 'the 3 words before ann mention "x"',
    'the next 3 words after ann mention "x"': 'the 3 words after ann mention "x"',
    "the distance between ann and ben is 3": "ann is at least 3 words from ben and ann is within 3 words of ben",
}  # fmt: skip


@pytest.mark.parametrize(("written", "said"), CONDITIONS.items())
def test_a_condition_is_answered_with_one_that_can_be_written(written: str, said: str) -> None:
    (found,) = errors(f"{TOP}rule r votes HAM\n    when {written}\n")
    assert (found.kind, found.helps[0]) == ("other-wording", f"write `when {said}`")
    assert errors(f"{TOP}rule r votes HAM\n    when {said}\n") == []


NO_FILES_READ = {
    "text has entity PERSON": "text has an entity PERSON",
    'text has an entity "PERSON"': "text has an entity PERSON",
    "text has no entity PERSON": "text does not have an entity PERSON",
    "text has a PERSON entity": "text has an entity PERSON",
    "text has an entity PERSON, ORG": "text has an entity PERSON or text has an entity ORG",
    "text has more than 2 entities of PERSON": "text has more than 2 entities PERSON",
    "text has a noun in GREETING": "text has a noun among GREETING",
    "text has no verb among GREETING": "text does not have a verb among GREETING",
    "polarity(text is above 0.5)": "polarity(text) is above 0.5",
    "std.polarity(text) is above 0.5": "polarity(text) is above 0.5",
    "not polarity(text) is above 0.5": "not (polarity(text) is above 0.5)",
    "ann, ben is in known": "the pair ann, ben is in known",
    "(ann, ben) is not in known": "the pair ann, ben is not in known",
    "the pair ann, ben in known": "the pair ann, ben is in known",
}


@pytest.mark.parametrize(("written", "said"), NO_FILES_READ.items())
def test_a_condition_that_needs_more_than_the_file(written: str, said: str) -> None:
    for condition, advised in ((written, True), (said, False)):
        unread = parse(Source("test.rules", f"{TOP}rule r votes HAM\n    when {condition}\n"))[1]
        assert [(one.kind, one.helps) for one in unread] == [("other-wording", (f"write `when {said}`",))][
            : int(advised)
        ]


BLOCKS = [
    # a block, the line that it is answered with
    ("context c extend plain\n    negation before \"no\"", "context c extends plain"),
    ("context c extends \"plain\"\n    negation before \"no\"", "context c extends plain"),
    ("context c on text\n    negation before \"no\"", "context c"),
    ("context c\n    before negation \"no\"", "negation before \"no\""),
    ("context c\n    negation before \"no\" or \"not\"", "negation before \"no\", \"not\""),
    ("context c\n    negation before \"no\" reaching eight words", "negation before \"no\" reaching 8 words"),
    ("context c\n    negation before \"no\" reaching up to 8 words", "negation before \"no\" reaching 8 words"),
    ("context c\n    negation before \"no\" within 8 words", "negation before \"no\" reaching 8 words"),
    ("context c\n    negation before \"no\" reaching 8", "negation before \"no\" reaching 8 words"),
    ("context c\n    negation before \"a\" reaching 8 words, \"b\"", "negation before \"a\", \"b\" reaching 8 words"),
    ("context c\n    stops at \"but\"", "stop at \"but\""),
    ("context c\n    not cue \"no change\"", "not a cue \"no change\""),
    ("context c\n    except \"no change\"", "not a cue \"no change\""),
    ("context c\n    uncertainty before \"may\"", "uncertain before \"may\""),
    ("sections in text\n    S headed \"a\"", "sections of text"),
    ("section of text\n    S headed \"a\"", "sections of text"),
    ("sections of text\n    S headed \"a\", \"b\"", "S headed \"a\" or \"b\""),
    ("sections of text\n    S headed \"a\" and \"b\"", "S headed \"a\" or \"b\""),
    ("sections of text\n    S is headed \"a\"", "S headed \"a\""),
    ("sections of text\n    S titled \"a\"", "S headed \"a\""),
    ("sections of text\n    S headed by \"a\"", "S headed \"a\""),
    ("sections of text\n    S \"a\"", "S headed \"a\""),
    ("sections of text\n    \"a\" is S", "S headed \"a\""),
    ("sections of text\n    S headed \"a\" up to \"b\"", "S headed \"a\""),
    ("sections of text\n    S between \"a\" and \"b\"", "S from \"a\" up to \"b\""),
    ("terms T\n    every form of \"win\"", "any form of \"win\""),
    ("terms T\n    plural of \"win\"", "any form of \"win\""),
    ("task t on row\n    labels A, B, several may apply", "labels A, B, any number may apply"),
    ("task t on row\n    labels A, B any number may apply", "labels A, B, any number may apply"),
    ("task t on row\n    labels any number may apply, A, B", "labels A, B, any number may apply"),
    ("task t below tone.RUDE\n    labels A, B", "task t under tone.RUDE"),
    ("task t on row under tone.RUDE\n    labels A, B", "task t under tone.RUDE"),
    ("task t under \"tone.RUDE\"\n    labels A, B", "task t under tone.RUDE"),
    ("task t under tone RUDE\n    labels A, B", "task t under tone.RUDE"),
    ("require RUDE -> SPAM", "require RUDE implies SPAM"),
    ("require if RUDE then SPAM", "require RUDE implies SPAM"),
    ("requires RUDE implies SPAM", "require RUDE implies SPAM"),
    ("require RUDE rules out HAM", "require RUDE excludes HAM"),
    ("require one of RUDE, HAM", "require exactly one of RUDE, HAM"),
    ("require exactly 1 of RUDE, HAM", "require exactly one of RUDE, HAM"),
    ("require at least one RUDE, HAM", "require at least one of RUDE, HAM"),
    ("require any of RUDE, HAM", "require at least one of RUDE, HAM"),
    ("RUDE implies SPAM", "require RUDE implies SPAM"),
    ("rule r votes NOT HAM\n    when likes is 1", "rule r votes not HAM"),
    ("rule r votes tone RUDE\n    when likes is 1", "rule r votes tone.RUDE"),
    ("rule r votes tone:RUDE\n    when likes is 1", "rule r votes tone.RUDE"),
    ("rule r votes RUDE of tone\n    when likes is 1", "rule r votes tone.RUDE"),
    ("rule r\n    when likes is 1 votes HAM", "when likes is 1 vote HAM"),
    ("rule r votes by column text\n    \"a\" means HAM", "rule r votes by column \"text\""),
    ("rule r votes by \"text\"\n    \"a\" means HAM", "rule r votes by column \"text\""),
    ("rule r votes by column \"text\"\n    \"a\" is HAM", "\"a\" means HAM"),
    ("rule r votes by column \"text\"\n    \"a\" -> HAM", "\"a\" means HAM"),
    ("rule r votes by column \"text\"\n    \"a\": HAM", "\"a\" means HAM"),
    ("rule r votes by column \"text\"\n    a means HAM", "\"a\" means HAM"),
    ("rule r votes HAM\n    when ann is before ben\n    example HAM text \"a b\", ann (0, 1), ben \"b\"",
     "example HAM text \"a b\", ann 0, 1, ben \"b\""),
    ("rule r votes HAM\n    when ann is before ben\n    example HAM text \"a b\", ann 0-1, ben \"b\"",
     "example HAM text \"a b\", ann 0, 1, ben \"b\""),
    ("rule r votes HAM\n    when likes is 1\n    example HAM likes is 1", "example HAM likes 1"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "said"), BLOCKS)
def test_a_line_of_a_block_is_answered_with_one_that_can_be_written(block: str, said: str) -> None:
    (found, *_) = errors(f"{TOP}{block}\n")
    offered = re.search("`(.*)`", found.helps[0])
    assert offered is not None, found
    assert offered[1] == said, found
    assert found.mark is not None
    number = found.mark.source.position(found.mark.span.start)[0] - 1
    lines = f"{TOP}{block}".split("\n")
    lines[number] = re.sub(r"\S.*", lambda _: said, lines[number])
    assert errors("\n".join(lines) + "\n") == []


ADVICE = [
    # a block, kind, part of what is said
    ("context c\n    negation \"no\"", "missing-relation", "write `negation before \"no\"`"),
    ("context c\n    negation before or after \"no\"", "other-wording", "a line for each side"),
    ("context c\n    \"no\"", "missing-relation", "the kinds of cues"),
    ("context c\n    negation before GREETING", "missing-quotes", "a cue is words in quotes"),
    ("context c\n    negation before any form of \"exclude\"", "missing-quotes", "a cue is words in quotes"),
    ("context c\n    affirmation before \"there is\"", "other-wording", "leave it out"),
    ("context c extends plain, other\n    negation before \"no\"", "other-wording", "extend one of them"),
    ("use A, B\n    , C\n    from \"l.rules\"", "unfinished-line", "at the end of this line: `, C from \"l.rules\"`"),
    ("use A, B\n    from \"l.rules\" # all", "unfinished-line", "only a line that begins with `and`, `or` or a comma"),
    ("use A, B,\n    C from \"l.rules\"", "unfinished-line", "a line that begins with a comma continues it"),
    ("use context clinical_english, general_english", "other-wording", "a `use context` line for each"),
    ("sections of text, other\n    S headed \"a\"", "other-wording", "a `sections of` block for each"),
    ("sections of text\n    S headed /a/", "missing-quotes", "write the words"),
    ("sections of text\n    S headed any of GREETING", "missing-quotes", "write the words"),
    ("sections of text\n    S from \"a\"", "unfinished-line", "up to"),
    ("sections of text\n    S headed \"finding*\"", "term-never-matches", "each of its forms"),
    ("terms T\n    from ontology \"o.csv\"", "unfinished-line", "below \"…\""),
    ("terms T\n    from ontology \"o.csv\" below \"a\" at most 2 levels", "misplaced-line", "indented deeper than `from`"),
    ("terms T\n    from ontology \"o.csv\" below \"a\"\n        except \"b\"", "misplaced-line", "indent `except` like"),
    ("terms T\n    from ontology \"o.csv\" below \"a\"\n    except below \"b\"", "other-wording", "name the nodes"),
    ("terms T\n    from ontology \"o.csv\" below \"a\"\n        at most 1 level, skip obsolete", "misplaced-line", "next line"),
    ("task t on row\n    labels A, B\n    any number may apply", "misplaced-line", "at the end of the labels"),
    ("require RUDE and KIND implies SPAM", "other-wording", "a line for each label"),
    ("rule r votes HAM and SPAM\n    when likes is 1", "other-wording", "write a rule for each"),
    ("rule r votes HAM, SPAM\n    when likes is 1", "other-wording", "`A or B`"),
    ("rule r votes by column \"text\"\n    \"a\" or \"b\" means HAM", "other-wording", "`\"b\" means HAM`"),
    ("rule r votes by column \"text\"\n    \"a\" means HAM\n    anything else means SPAM", "other-wording", "abstains"),
    ("rule r votes by column \"text\"\n    \"a\" means abstain", "unknown-name", "`\"…\" abstains`"),
    ("rule r votes by column \"likes\"\n    above 9 means HAM", "other-wording", "is above 9 vote HAM"),
    ("rule r votes by column \"likes\"\n    101 means HAM", "out-of-range", "change the range"),
    ("rule r votes by annotators in \"c.csv\"\n    columns a, b, c\n    \"a\" means HAM", "unfinished-line", "annotators of"),
    ("rule r votes HAM\n    when likes is 1 unless likes is 2", "misplaced-line", "on the next line, indented like `when`"),
    ("rule r votes HAM\n    when some sentence where it mentions \"a\"", "unfinished-line", "some sentence of text where"),
    ("rule r votes HAM\n    when text asserts /a/", "other-wording", "patterns go with `matches`"),
    ("rule r votes HAM\n    when text mentions any form of GREETING", "words-after-of", "into a `terms` block"),
    ("rule r votes HAM\n    when text mentions \"a\" followed by \"b\", \"c\"", "other-wording", "a `terms` list"),
    ("rule r votes HAM\n    when text has a noun among \"a\"", "words-after-of", "`among LIST`"),
    ("rule r votes HAM\n    when other mentions \"a\" in SEEN or MEANT", "unknown-name", "with its own question"),
    ("rule r votes HAM\n    when the 3 words before ann or ben mention \"a\"", "not-a-condition", "ask something of it"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "kind", "advice"), ADVICE)
def test_what_other_words_cannot_mend_is_explained(block: str, kind: str, advice: str) -> None:
    (found, *_) = errors(f"{TOP}{block}\n")
    assert found.kind == kind, found
    assert advice in " ".join(found.helps), found


def test_a_context_that_cannot_be_read_is_not_missed_again() -> None:
    rule = "rule r votes HAM\n    when text denies any of GREETING\n"
    assert [one.kind for one in errors(f"{HEAD}context c\n    negation before\n{rule}")] == ["unfinished-line"]
    assert [one.kind for one in errors(f'{HEAD}use context "plain"\n{rule}')] == ["other-wording"]
