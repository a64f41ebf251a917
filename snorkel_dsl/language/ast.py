"""What stands in a rules file, as a tree: everything that was written, nothing that it means.

There is one class for each rule of `grammar/rules.lark`, under the same name (`snake_case(class) == rule`); only `File`,
`Comment` and `Broken` come from cutting a file into blocks. Every node knows its place (`span`), which does not count in
comparisons: two texts that differ in layout alone have equal trees. A chain of `and` and `or` stays flat as written, and
brackets are nodes, so the checker decides what a mixture means (nothing: it is refused) and shows how it could be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from snorkel_dsl.source import Span


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a rules file, and its place."""

    span: Span = field(compare=False, kw_only=True)


# ------------------------------------------------------------------------------------------------------ names, literals


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A name of anything; `text` is without the back quotes that a name which is no word is written in."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class QualifiedName(Node):
    """`coarse.HUM`, `youtube.spam`, or just `SPAM`: a label or a package, with its parts."""

    parts: tuple[Name, ...]

    @property
    def text(self) -> str:
        """The parts, joined by dots."""
        return ".".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class String(Node):
    """`"…"` or `\"\"\"…\"\"\"`; `text` is what stands between: no quotes, no indentation of a long one, no escapes."""

    text: str
    long: bool = False


@dataclass(frozen=True, slots=True)
class Regex(Node):
    """`/…/`: the pattern between the slashes, as written."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    """`10_000`, `0.8`, `-5`, `80%`: as written, and its value (0.8 for `80%`)."""

    text: str
    value: float
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Duration(Node):
    """`7 days`; the unit is in the singular: second, minute, hour, day, week."""

    number: Number
    unit: str


@dataclass(frozen=True, slots=True)
class Clock(Node):
    """`22:30`, a time of day as written: nobody has yet looked whether there is such a time."""

    text: str


@dataclass(frozen=True, slots=True)
class Date(Node):
    """`2026-11-20` or `2026-11-20 22:30`, as written: nobody has yet looked whether there is such a day."""

    text: str
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class YesNo(Node):
    """`yes` or `no` as a value."""

    value: bool


@dataclass(frozen=True, slots=True)
class Missing(Node):
    """`missing`, as the value of a column in an example."""


Value: TypeAlias = String | Number | Duration | Clock | Date | YesNo | Missing


# ------------------------------------------------------------------------------------------------------- header blocks


@dataclass(frozen=True, slots=True)
class Language(Node):
    """`language 1`."""

    version: Number


@dataclass(frozen=True, slots=True)
class Package(Node):
    """`package youtube.spam version "1.2.0"`."""

    name: QualifiedName
    version: String | None


@dataclass(frozen=True, slots=True)
class UseNames(Node):
    """`use PROMOTION, PRAISE from "words.rules"`."""

    names: tuple[Name, ...]
    path: String


@dataclass(frozen=True, slots=True)
class UseContext(Node):
    """`use context clinical_english`."""

    name: Name


@dataclass(frozen=True, slots=True)
class UsePlugin(Node):
    """`use functions from plugin "sentiment" version 2`."""

    plugin: String
    version: Number


# ------------------------------------------------------------------------------------------------------ data and tasks


@dataclass(frozen=True, slots=True)
class TextType(Node):
    """`text`."""


@dataclass(frozen=True, slots=True)
class NumberType(Node):
    """`number`, `number from 0`, `number from 0 to 1`."""

    low: Number | None = None
    high: Number | None = None


@dataclass(frozen=True, slots=True)
class TimeType(Node):
    """`time`."""


@dataclass(frozen=True, slots=True)
class YesNoType(Node):
    """`yes/no`."""


@dataclass(frozen=True, slots=True)
class ChoiceType(Node):
    """`one of "video", "short", "live"`."""

    choices: tuple[String, ...]


@dataclass(frozen=True, slots=True)
class ListType(Node):
    """`list of text`, `list of number`."""

    of: Literal["text", "number"]


@dataclass(frozen=True, slots=True)
class SpanType(Node):
    """`span of text`: a place in the text column of that name."""

    of: Name


ColumnType: TypeAlias = TextType | NumberType | TimeType | YesNoType | ChoiceType | ListType | SpanType


@dataclass(frozen=True, slots=True)
class FromColumn(Node):
    """`from column "CONTENT"`."""

    column: String


@dataclass(frozen=True, slots=True)
class FromColumns(Node):
    """`from columns "p1_start", "p1_end"`: a span as two columns of offsets."""

    start: String
    end: String


@dataclass(frozen=True, slots=True)
class FromWords(Node):
    """`from words "person2_word_idx" in "tokens"`: a span as positions in a list of words."""

    positions: String
    words: String


@dataclass(frozen=True, slots=True)
class DataColumn(Node):
    """`likes number from 0 from column "n_likes"`."""

    name: Name
    type: ColumnType
    source: FromColumn | FromColumns | FromWords | None = None


@dataclass(frozen=True, slots=True)
class Data(Node):
    """`data comment` with its columns."""

    name: Name
    columns: tuple[DataColumn, ...]


@dataclass(frozen=True, slots=True)
class Labels(Node):
    """`labels HAM, SPAM`; `any_number` for `…, any number may apply`."""

    names: tuple[Name, ...]
    any_number: bool = False


@dataclass(frozen=True, slots=True)
class LabelShare(Node):
    """`SPAM 13%`, one part of a balance."""

    label: Name
    share: Number


@dataclass(frozen=True, slots=True)
class Balance(Node):
    """`balance SPAM 13%`."""

    shares: tuple[LabelShare, ...]


@dataclass(frozen=True, slots=True)
class Task(Node):
    """`task spam on comment`, or `task human under coarse.HUM`: one of `on` and `under` is there, the other None."""

    name: Name
    on: Name | None
    under: QualifiedName | None
    items: tuple[Labels | Balance, ...]


@dataclass(frozen=True, slots=True)
class VoteFor(Node):
    """`SPAM`, or `A or B`: one of these labels."""

    labels: tuple[QualifiedName, ...]


@dataclass(frozen=True, slots=True)
class VoteNot(Node):
    """`not A`: anything but this label."""

    label: QualifiedName


Vote: TypeAlias = VoteFor | VoteNot


@dataclass(frozen=True, slots=True)
class Require(Node):
    """`require findings.EDEMA implies triage.ABNORMAL`."""

    premise: Vote
    conclusion: Vote


# ---------------------------------------------------------------------------------- terms, sections, contexts, lookups


@dataclass(frozen=True, slots=True)
class TermMode(Node):
    """How the terms after it are looked for: `any form of`, `exact case`, `exactly`."""

    word: Literal["any form of", "exact case", "exactly"]


@dataclass(frozen=True, slots=True)
class TermsLine(Node):
    """`"subscribe", "check out", PRAISE`; with `except` in front, these mask (`masks`)."""

    masks: bool
    mode: TermMode | None
    terms: tuple[String | Name, ...]


@dataclass(frozen=True, slots=True)
class TermsFile(Node):
    """`file "promotion.txt"`, `file "words.csv" column "term"`."""

    path: String
    column: String | None = None


@dataclass(frozen=True, slots=True)
class Synonyms(Node):
    """`synonyms exact, narrow`."""

    kinds: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Levels(Node):
    """`at most 4 levels`."""

    most: Number


@dataclass(frozen=True, slots=True)
class SkipObsolete(Node):
    """`skip obsolete`."""


@dataclass(frozen=True, slots=True)
class TermsOntology(Node):
    """`from ontology "doid.obo" below "DOID:4" or "infectious disease"`, with its options."""

    path: String
    below: tuple[String, ...]
    options: tuple[Synonyms | Levels | SkipObsolete, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms(Node):
    """`terms PROMOTION` with its lines."""

    name: Name
    lines: tuple[TermsLine | TermsFile | TermsOntology, ...]


@dataclass(frozen=True, slots=True)
class SectionHeaded(Node):
    """`IMPRESSION headed "impression" or "conclusion"`."""

    name: Name
    headings: tuple[String, ...]


@dataclass(frozen=True, slots=True)
class SectionBetween(Node):
    """`BODY from "FINDINGS:" up to "IMPRESSION:"`."""

    name: Name
    start: String
    end: String


@dataclass(frozen=True, slots=True)
class Sections(Node):
    """`sections of text` with its sections."""

    column: Name
    sections: tuple[SectionHeaded | SectionBetween, ...]


@dataclass(frozen=True, slots=True)
class CueKind(Node):
    """`negation before`, `negation after`, `uncertain …`, `history …`, `family …`, `not a cue`, `stop at`."""

    word: str


@dataclass(frozen=True, slots=True)
class Cue(Node):
    """`negation before "no", "without" reaching 8 words`."""

    kind: CueKind
    phrases: tuple[String, ...]
    reach: Number | None = None


@dataclass(frozen=True, slots=True)
class Context(Node):
    """`context chest extends clinical_english` with its cues."""

    name: Name
    extends: Name | None
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class LookupColumns(Node):
    """`columns name1, name2`."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class EitherOrder(Node):
    """`either order`."""


@dataclass(frozen=True, slots=True)
class IgnoringCase(Node):
    """`compare ignoring case`."""


@dataclass(frozen=True, slots=True)
class Lookup(Node):
    """`lookup known_spouses from "known_spouses.csv"` with its items."""

    name: Name
    path: String
    items: tuple[LookupColumns | EitherOrder | IgnoringCase, ...]


# ---------------------------------------------------------------------------------------- conditions, rules and slices


@dataclass(frozen=True, slots=True)
class When(Node):
    """`when …`, with the vote that it gives if it says so itself."""

    condition: Expression
    vote: Vote | None = None


@dataclass(frozen=True, slots=True)
class Unless(Node):
    """`unless …`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Otherwise(Node):
    """`otherwise vote HAM`, or `otherwise abstain` (vote None)."""

    vote: Vote | None


@dataclass(frozen=True, slots=True)
class Means(Node):
    """`"spam" means SPAM`, for a rule that votes by a column."""

    value: String
    vote: Vote


@dataclass(frozen=True, slots=True)
class Field(Node):
    """`likes 3` in an example; several values (`tags "a", "b"`) are a list."""

    name: Name
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Example(Node):
    """`example SPAM "…"`: the vote a row must get (`none`, or `in` and `out` of a slice, are plain names here).

    The row is one `text`, or `fields`; one of the two is there. `todo` marks a known miss.
    """

    todo: bool
    vote: Vote
    text: String | None
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Expect(Node):
    """`expect precision at least 80% on dev`: bounds as written, None where there is none."""

    measure: Name
    least: Number | None
    most: Number | None
    dataset: Name


@dataclass(frozen=True, slots=True)
class Origin(Node):
    """`source "Moderation guide 2026, section 3"`."""

    text: String


@dataclass(frozen=True, slots=True)
class Status(Node):
    """`status deprecated, use other`."""

    state: Name
    successor: Name | None = None


@dataclass(frozen=True, slots=True)
class Formerly(Node):
    """`formerly promotes_channel`."""

    name: Name


@dataclass(frozen=True, slots=True)
class Note(Node):
    """`note "…"`: a remark that reports show."""

    text: String


RuleItem: TypeAlias = When | Unless | Otherwise | Means | Example | Expect | Origin | Status | Formerly | Note


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """`of some text as it`: what a named condition is asked of."""

    type: Name
    name: Name


@dataclass(frozen=True, slots=True)
class Condition(Node):
    """`condition hedged of some text as it` with its `when` and `unless` lines."""

    name: Name
    parameter: Parameter | None
    items: tuple[When | Unless, ...]


@dataclass(frozen=True, slots=True)
class ForEach(Node):
    """`for each TERM in PROMOTION`: one labeling function for each term."""

    name: Name
    terms: Name


@dataclass(frozen=True, slots=True)
class ByColumn(Node):
    """`votes by column "model_label"`."""

    column: String


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """`rule asks_to_promote votes SPAM` with its items."""

    name: Name
    each: ForEach | None
    votes: Vote | ByColumn | None
    items: tuple[RuleItem, ...]


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """`slice short_comments` with its items."""

    name: Name
    items: tuple[When | Unless | Example, ...]


# --------------------------------------------------------------------------------------------- transforms, augmentation


@dataclass(frozen=True, slots=True)
class AnotherOf(Node):
    """`another of FIRST_NAMES`, what a transform puts in."""

    terms: Name


@dataclass(frozen=True, slots=True)
class Replace(Node):
    """`replace one of FIRST_NAMES in text with another of FIRST_NAMES`."""

    terms: Name
    column: Name
    replacement: AnotherOf | String


@dataclass(frozen=True, slots=True)
class KeepLabel(Node):
    """`keep the label`."""


@dataclass(frozen=True, slots=True)
class Transform(Node):
    """`transform swap_a_name` with its items."""

    name: Name
    items: tuple[When | Unless | Replace | KeepLabel, ...]


@dataclass(frozen=True, slots=True)
class InARow(Node):
    """`at most 2 in a row`."""

    most: Number


@dataclass(frozen=True, slots=True)
class AtRandom(Node):
    """`at random`."""


@dataclass(frozen=True, slots=True)
class Seed(Node):
    """`seed 17`."""

    number: Number


@dataclass(frozen=True, slots=True)
class Apply(Node):
    """`apply swap_a_name or swap_compliment, at most 2 in a row, at random, seed 17`."""

    transforms: tuple[Name, ...]
    options: tuple[InARow | AtRandom | Seed, ...] = ()


@dataclass(frozen=True, slots=True)
class MakeCopies(Node):
    """`make 2 copies, keep the original`."""

    copies: Number
    keep_original: bool = False


@dataclass(frozen=True, slots=True)
class Augment(Node):
    """`augment training` with its items."""

    name: Name
    items: tuple[Apply | MakeCopies, ...]


# --------------------------------------------------------------------------- expressions: what joins, counts and groups


@dataclass(frozen=True, slots=True)
class Connector(Node):
    """One `and` or `or` of a chain."""

    word: Literal["and", "or"]


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """`a and b and c`, flat as written, with at least two operands and the connectors between them, even if mixed."""

    operands: tuple[Expression, ...]
    connectors: tuple[Connector, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`not (…)`, `not loud`, `not hedged(it)`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Brackets(Node):
    """`(…)` around a condition or a value."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Items(Node):
    """An indented list of conditions; one item a line."""

    conditions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Quantifier(Node):
    """`some`, `every`, `no` (of pieces), `all`, `any`, `none`, `every` (of lists)."""

    word: Literal["some", "every", "no", "all", "any", "none"]


@dataclass(frozen=True, slots=True)
class Count(Node):
    """`at least 2`, `fewer than 5`, `at least 50%`."""

    relation: Literal["at least", "at most", "more than", "fewer than", "exactly"]
    number: Number


@dataclass(frozen=True, slots=True)
class Counted(Node):
    """`all of`, `any of`, `none of`, `at least 2 of` an indented list of conditions."""

    quantifier: Quantifier | Count
    items: Items


@dataclass(frozen=True, slots=True)
class Unit(Node):
    """What is counted, in the singular: word, sentence, line, paragraph, letter, character, token, link, piece."""

    word: str


@dataclass(frozen=True, slots=True)
class Parts(Node):
    """`some sentence of report`, `fewer than 2 pieces of BODY split at "."`."""

    quantifier: Quantifier | Count
    unit: Unit
    text: Name
    separator: String | None = None


@dataclass(frozen=True, slots=True)
class Where(Node):
    """`some sentence of report where …`; an indented list (`Items`) asks for all of its items."""

    parts: Parts
    condition: Expression


@dataclass(frozen=True, slots=True)
class ForSome(Node):
    """`for some NAME in LIST …`; an indented list (`Items`) asks for all of its items."""

    name: Name
    terms: Name
    condition: Expression


# ---------------------------------------------------------------------------------------- expressions: values and texts


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`a + b`, `hours * 50`, `5 times X` (operator `times`)."""

    left: Expression
    operator: Literal["+", "-", "*", "/", "times"]
    right: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`hedged(it)`, `sentiment(text)`: a named condition or a function, asked of something."""

    function: Name
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class WordsBetween(Node):
    """`the words between A and B`."""

    first: Name
    second: Name


@dataclass(frozen=True, slots=True)
class WordsNear(Node):
    """`the 3 words before A`."""

    count: Number
    unit: Unit
    side: Literal["before", "after", "around"]
    of: Name


@dataclass(frozen=True, slots=True)
class PartOf(Node):
    """`the last word of A`, `the first 3 words of text`."""

    end: Literal["first", "last"]
    count: Number | None
    unit: Unit
    of: Name


@dataclass(frozen=True, slots=True)
class Pair(Node):
    """`the pair A, B`."""

    first: Name
    second: Name


# ------------------------------------------------------------------------------------------ expressions: what is said of it


@dataclass(frozen=True, slots=True)
class TextVerb(Node):
    """What a text does, in the third person: mentions, contains, starts with, ends with, asserts, denies, suspects."""

    word: Literal["mentions", "contains", "starts with", "ends with", "asserts", "denies", "suspects"]


@dataclass(frozen=True, slots=True)
class Words(Node):
    """`"a" or "b"`, `exact case "US"`, `exactly "x-ray"`."""

    mode: TermMode | None
    words: tuple[String, ...]


@dataclass(frozen=True, slots=True)
class OfLists(Node):
    """`any of A, B`, `none of A`, `more than 2 of A`, `every A`."""

    quantifier: Quantifier | Count
    lists: tuple[Name, ...]


TermsOperand: TypeAlias = Words | OfLists | Name


@dataclass(frozen=True, slots=True)
class FollowedBy(Node):
    """`followed within 4 words by B`, `followed by B`."""

    within: Number | None
    terms: TermsOperand


@dataclass(frozen=True, slots=True)
class InSection(Node):
    """`in FINDINGS`."""

    section: Name


@dataclass(frozen=True, slots=True)
class OutsideSection(Node):
    """`outside HISTORY`."""

    section: Name


@dataclass(frozen=True, slots=True)
class InSame(Node):
    """`in the same sentence`."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class InPart(Node):
    """`in the first 2 sentences`, `in the last line`."""

    end: Literal["first", "last"]
    count: Number | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class Times(Node):
    """`at least 5 times`: so many occurrences."""

    count: Count


@dataclass(frozen=True, slots=True)
class UnderContext(Node):
    """`under chest`: the context whose cues count."""

    context: Name


Place: TypeAlias = InSection | OutsideSection | InSame | InPart | Times | UnderContext


@dataclass(frozen=True, slots=True)
class Says(Node):
    """`text mentions any of PROMOTION in FINDINGS`; `negated` with `does not`."""

    subject: Expression
    negated: bool
    verb: TextVerb
    terms: TermsOperand
    followed_by: FollowedBy | None = None
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Matches(Node):
    """`text matches /…/`, `text does not match exact case /…/`."""

    subject: Expression
    negated: bool
    exact_case: bool
    regex: Regex
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class HasCount(Node):
    """`text has fewer than 5 words`."""

    subject: Expression
    negated: bool
    count: Count
    unit: Unit


@dataclass(frozen=True, slots=True)
class HasEntity(Node):
    """`text has an entity PERSON`."""

    subject: Expression
    negated: bool
    entity: Name


@dataclass(frozen=True, slots=True)
class HasAmong(Node):
    """`text has a noun among LIST`."""

    subject: Expression
    negated: bool
    tag: Name
    terms: Name


@dataclass(frozen=True, slots=True)
class Share(Node):
    """`at least 50% of letters in text are capital`; `property` is the last word."""

    count: Count
    unit: Unit
    text: Name
    property: Name


@dataclass(frozen=True, slots=True)
class Is(Node):
    """`x is 3`, `text is not "y"`, `isolated is yes`."""

    subject: Expression
    negated: bool
    value: Expression


@dataclass(frozen=True, slots=True)
class IsMissing(Node):
    """`x is missing`, `x is not missing`."""

    subject: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class IsPresent(Node):
    """`x is present`, `x is not present`."""

    subject: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Relation(Node):
    """How two values compare; `written` is above, over, `more than`, `>`, … and `word` the plain one of the six."""

    word: Literal["more than", "less than", "at least", "at most", "before", "after"]
    written: str


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`x is more than 3`, `posted is after 2026-11-20`, `likes >= 4`."""

    subject: Expression
    negated: bool
    relation: Relation
    value: Expression


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`x is between A and B`."""

    subject: Expression
    negated: bool
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class OneOf(Node):
    """`x is one of 1, 2, 3`, `text is "a" or "b"`."""

    subject: Expression
    negated: bool
    values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class InLookup(Node):
    """`country is in EMBARGOED`, `the pair A, B is in known`."""

    subject: Expression
    negated: bool
    lookup: Name


@dataclass(frozen=True, slots=True)
class Within(Node):
    """`A is within 15 words of B` (a plain number counts words), `posted is within 2 days of seen`."""

    subject: Expression
    negated: bool
    distance: Number | Duration
    of: Name


@dataclass(frozen=True, slots=True)
class Distance(Node):
    """`A is more than 30 words from B`."""

    subject: Expression
    negated: bool
    relation: Relation
    words: Number
    of: Name


Expression: TypeAlias = (
    Name | String | Number | Duration | Clock | Date | YesNo
    | Arithmetic | Call | WordsBetween | WordsNear | PartOf | Pair
    | Chain | Not | Brackets | Items | Counted | Where | ForSome
    | Says | Matches | HasCount | HasEntity | HasAmong | Share
    | Is | IsMissing | IsPresent | Comparison | Between | OneOf | InLookup | Within | Distance
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ the file


@dataclass(frozen=True, slots=True)
class Comment(Node):
    """`# …`, to the end of its line; `text` is what follows the `#`, without white space around it."""

    text: str


@dataclass(frozen=True, slots=True)
class Broken(Node):
    """A block that could not be read, with the names that it would have declared: they count as declared.

    `keyword` is the first word of its header (empty where even that is lost), `declared` the name in its header where that
    was read whole, and `names` all names that its body would have declared as far as can be told: columns, labels,
    sections, what is used from another file.
    """

    keyword: str
    declared: Name | None
    names: tuple[Name, ...] = ()


Block: TypeAlias = (
    Language | Package | UseNames | UseContext | UsePlugin | Data | Task | Require | Terms | Sections | Context | Lookup
    | Condition | Rule | Slice | Transform | Augment | Broken
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class File(Node):
    """All blocks of a file in their order, and its comments."""

    blocks: tuple[Block, ...]
    comments: tuple[Comment, ...] = ()
