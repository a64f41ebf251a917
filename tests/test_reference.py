"""The reference evaluator: votes, Kleene's logic, and traces that point into the row's own text."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import conditions, functions, rows, texts

from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind
from snorkel_dsl.reference import Match, Passage, evaluate, explain, trace, vote

SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

TEXT = ir.Column("text", Kind.TEXT)
LIKES = ir.Column("likes", Kind.NUMBER)
HAM, SPAM = ir.Vote("spam", frozenset({0})), ir.Vote("spam", frozenset({1}))
BODY = ir.Section("FINDINGS:", "IMPRESSION:")


def call(operator, *arguments, kind=Kind.CONDITION):
    return ir.Call(operator, arguments, kind)


def words(*written, masks=()):
    found = ir.TermList(tuple(map(ir.Term, written)), tuple(map(ir.Term, masks)))
    return ir.Constant(found, Kind.TERMS)


def more_likes_than(number):
    return call("more", LIKES, ir.Constant(float(number), Kind.NUMBER))


def function(*clauses, unless=()):
    return ir.LabelingFunction("f", "f", "spam", tuple(ir.Clause(*clause) for clause in clauses), tuple(unless))


MENTIONS_A = call("mentions", TEXT, words("a"))
TWO_VOTES = function((more_likes_than(10), HAM), (MENTIONS_A, SPAM), (None, HAM))


class TestVote:
    def test_the_first_true_clause_wins(self):
        assert vote(TWO_VOTES, {"likes": 11.0, "text": "a"}) == HAM
        assert vote(TWO_VOTES, {"likes": 1.0, "text": "a"}) == SPAM

    def test_an_unknown_clause_is_passed_over(self):
        assert vote(TWO_VOTES, {"likes": None, "text": "a"}) == SPAM

    def test_otherwise_needs_every_clause_before_it_to_be_false(self):
        assert vote(TWO_VOTES, {"likes": 1.0, "text": "b"}) == HAM
        assert vote(TWO_VOTES, {"text": "b"}) is None

    def test_an_otherwise_after_an_otherwise_cannot_fire(self):
        assert vote(function((None, HAM), (None, SPAM)), {}) == HAM

    @pytest.mark.parametrize(("likes", "said"), [(11.0, None), (None, None), (1.0, SPAM)])
    def test_an_unless_that_is_true_or_unknown_abstains(self, likes, said):
        assert vote(function((MENTIONS_A, SPAM), unless=[more_likes_than(10)]), {"likes": likes, "text": "a"}) == said

    def test_a_clause_can_abstain(self):
        assert vote(function((MENTIONS_A, None), (None, SPAM)), {"text": "a"}) is None

    def test_a_broken_value_in_a_column_that_is_read_abstains(self):
        rule = function((MENTIONS_A, SPAM))
        assert vote(rule, {"text": "a"}, frozenset({"likes"})) == SPAM
        assert vote(rule, {"text": "a"}, frozenset({"text"})) is None

    def test_votes_by_column(self):
        by_column = ir.ColumnVotes("model", (("spam", SPAM), ("None", HAM)))
        rule = ir.LabelingFunction("f", "f", "spam", (), by_column=by_column)
        said = [vote(rule, {"model": value}) for value in ("spam", "Spam", None, "None")]
        assert said == [SPAM, None, None, HAM]

    @pytest.mark.parametrize(("likes", "reason"), [(11, "unless"), (None, "unless"), (3, "voted")])
    def test_unless_holds_for_votes_by_column_as_well(self, likes, reason):
        by_column = ir.ColumnVotes("model", (("spam", SPAM),))
        rule = ir.LabelingFunction("f", "f", "spam", (), (more_likes_than(10),), by_column)
        trace = explain(rule, {"model": "spam", "likes": likes})
        assert (trace.vote, trace.reason) == (SPAM if reason == "voted" else None, reason)


class TestQuantifiers:
    @pytest.mark.parametrize(
        ("truths", "some", "no", "every", "fewer_than_2"),
        [
            ([], False, True, False, True),
            ([True], True, False, True, True),
            ([True, False], True, False, False, True),
            ([True, True], True, False, True, False),
            ([None], None, None, None, True),
            ([True, None], True, False, None, None),
            ([False, None], None, None, False, True),
            ([None, None, None], None, None, None, None),
        ],
    )
    def test_kleene_counting(self, truths, some, no, every, fewer_than_2):
        text = ".".join({True: "a", False: "b", None: "c"}[truth] for truth in truths)
        known = call("not", call("and", call("mentions", ir.Piece(), words("c")), call("is_missing", LIKES)))
        body = call("or", call("mentions", ir.Piece(), words("a")), call("and", call("not", known), more_likes_than(0)))
        pieces = call("pieces", TEXT, ir.Constant(".", Kind.TEXT), kind=Kind.PIECES)
        said = [
            evaluate(ir.Quantified(pieces, body, *bounds), {"text": text})
            for bounds in [(1, None), (None, 0), (None, None, True), (None, 1)]
        ]
        assert said == [some, no, every, fewer_than_2]

    def test_a_missing_text_is_unknown(self):
        pieces = call("sentences", TEXT, kind=Kind.PIECES)
        for every in (False, True):
            assert evaluate(ir.Quantified(pieces, MENTIONS_A, 0, None, every), {}) is None

    def test_an_absent_section_is_empty_and_has_no_pieces(self):
        section = call("section", TEXT, ir.Constant(BODY, Kind.SECTION), kind=Kind.TEXT)
        pieces = call("pieces", section, ir.Constant(".", Kind.TEXT), kind=Kind.PIECES)
        row = {"text": "no such section"}
        assert evaluate(section, row) == ""
        assert evaluate(ir.Quantified(pieces, MENTIONS_A, None, 0), row) is True
        assert evaluate(ir.Quantified(pieces, MENTIONS_A, None, None, every=True), row) is False
        assert evaluate(call("mentions", section, words("such")), row) is False

    def test_pieces_of_pieces(self):
        lines = call("lines", ir.Piece(0), kind=Kind.PIECES)
        inner = ir.Quantified(lines, call("same_text", ir.Piece(0), ir.Piece(1)), 1, None)
        outer = ir.Quantified(call("paragraphs", TEXT, kind=Kind.PIECES), inner, 1, None)
        assert evaluate(outer, {"text": "a\nb\n\nc"}) is True
        assert evaluate(outer, {"text": "a\nb\n\nc\nd"}) is False


class TestExplain:
    TEXT = "FINDINGS: A nodule. Lungs clear, no nodule. IMPRESSION: nodule."

    def test_places_are_offsets_of_the_column(self):
        section = call("section", TEXT, ir.Constant(BODY, Kind.SECTION), kind=Kind.TEXT)
        sentences = call("sentences", section, kind=Kind.PIECES)
        some = ir.Quantified(sentences, call("mentions", ir.Piece(), words("nodule")), 1, None)
        found = explain(function((some, SPAM)), {"text": self.TEXT})
        assert (found.vote, found.reason) == (SPAM, "voted")
        places = [self.TEXT.index("nodule"), self.TEXT.index("nodule", 20)]
        assert found.matches == tuple(Match("text", place, place + 6) for place in places)
        step = found.fired.step
        pieces = [self.TEXT[part.piece.start : part.piece.end] for part in step.inside]
        assert pieces == ["A nodule.", "Lungs clear, no nodule."]

    def test_outside_keeps_offsets(self):
        outside = call("outside", TEXT, ir.Constant(BODY, Kind.SECTION), kind=Kind.TEXT)
        step = trace(call("mentions", outside, words("nodule")), {"text": self.TEXT})
        start = self.TEXT.rindex("nodule")
        assert step.evidence == (Match("text", start, start + 6),)

    def test_folding_keeps_offsets(self):
        text = "ﬁrst  Cafe\u0301 and X–RAY"
        step = trace(call("mentions", TEXT, words("café", "x ray", "first")), {"text": text})
        assert [text[match.start : match.end] for match in step.evidence] == ["ﬁrst", "Cafe\u0301", "X–RAY"]

    def test_why_not(self):
        found = explain(TWO_VOTES, {"text": "b"})
        assert (found.vote, found.reason, found.fired) == (None, "no clause", None)
        assert [clause.step and clause.step.value for clause in found.clauses] == [None, False, None]

    def test_stopped_by_unless(self):
        found = explain(function((MENTIONS_A, SPAM), unless=[call("mentions", TEXT, words("b"))]), {"text": "a b"})
        assert (found.vote, found.reason) == (None, "unless")
        assert found.matches == (Match("text", 2, 3),)

    def test_broken_and_abstaining(self):
        rule = function((MENTIONS_A, None))
        assert explain(rule, {"text": "a"}).reason == "abstained"
        broken = explain(rule, {"text": "a"}, frozenset({"text", "likes"}))
        assert (broken.reason, broken.broken) == ("broken", ("text",))

    @SOME
    @given(functions("f"), rows())
    def test_it_explains_what_was_voted(self, rule, row):
        found = explain(rule, row)
        assert found.vote == vote(rule, row)
        assert (found.fired is None) == (found.reason in ("unless", "no clause", "no meaning")) or rule.by_column
        for match in found.matches:
            assert 0 <= match.start < match.end <= len(row[match.column])


class TestPassage:
    @given(texts(), st.integers(-5, 30), st.integers(-5, 30))
    def test_a_slice_knows_where_it_stands(self, text, start, end):
        part = Passage(text, "text", 7)[start:end]
        assert part == text[start:end]
        assert (text[part.start - 7 :])[: len(part)] == part


@SOME
@given(conditions(), rows())
def test_a_condition_is_true_false_or_unknown(condition, row):
    assert evaluate(condition, row) in (True, False, None)


@SOME
@given(conditions(), rows(), rows())
def test_a_condition_depends_on_its_own_columns_only(condition, row, other):
    read = ir.columns_of(condition)
    mixed = {name: row[name] if name in read else other[name] for name in row}
    assert evaluate(condition, mixed) == evaluate(condition, row)
