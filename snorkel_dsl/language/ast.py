"""What stands in a rules file, as a tree: everything that was written, nothing that it means.

There is one class for each rule of `grammar/rules.lark`, under the same name (`snake_case(class) == rule`); only `File`,
`Comment` and `Broken` come from cutting a file into blocks. Every node knows its place (`span`), which does not count in
comparisons: two texts that differ in layout alone have equal trees. A chain of `and` and `or` stays flat as written, and
brackets are nodes, so the checker decides what a mixture means (nothing: it is refused) and shows how it could be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from snorkel_dsl.language.node import Node as Node

if TYPE_CHECKING:
    from collections.abc import Iterator

# ------------------------------------------------------------------------------------------------------ names, literals


class Name(Node):
    """A name of anything; `text` is without the back quotes that a name which is no word is written in."""

    text: str
    quoted: bool = False


class QualifiedName(Node):
    """`coarse.HUM`, `youtube.spam`, or just `SPAM`: a label or a package, with its parts."""

    parts: tuple[Name, ...]

    @property
    def text(self) -> str:
        """The parts, joined by dots."""
        return ".".join(part.text for part in self.parts)


class String(Node):
    """`"…"` or `\"\"\"…\"\"\"`; `text` is what stands between: no quotes, no indentation of a long one, no escapes."""

    text: str
    long: bool = False


class Regex(Node):
    """`/…/`: the pattern between the slashes, as written."""

    pattern: str


class Number(Node):
    """`10_000`, `0.8`, `-5`, `80%`: as written, and its value (0.8 for `80%`)."""

    text: str
    value: float
    percent: bool = False


class Duration(Node):
    """`7 days`; the unit is in the singular: second, minute, hour, day, week."""

    number: Number
    unit: str


class Clock(Node):
    """`22:30`, a time of day as written: nobody has yet looked whether there is such a time."""

    text: str


class Date(Node):
    """`2026-11-20` or `2026-11-20 22:30`, as written: nobody has yet looked whether there is such a day."""

    text: str
    clock: Clock | None = None


class YesNo(Node):
    """`yes` or `no` as a value."""

    value: bool


class Missing(Node):
    """`missing`, as the value of a column in an example."""


Value: TypeAlias = String | Number | Duration | Clock | Date | YesNo | Missing


# ------------------------------------------------------------------------------------------------------- header blocks


class Language(Node):
    """`language 1`."""

    version: Number


class Package(Node):
    """`package youtube.spam version "1.2.0"`."""

    name: QualifiedName
    version: String | None


class UseNames(Node):
    """`use PROMOTION, PRAISE from "words.rules"`."""

    names: tuple[Name, ...]
    path: String


class UseContext(Node):
    """`use context clinical_english`."""

    name: Name


class UsePlugin(Node):
    """`use functions from plugin "sentiment" version 2`."""

    plugin: String
    version: Number


# ------------------------------------------------------------------------------------------------------ data and tasks


class TextType(Node):
    """`text`."""


class NumberType(Node):
    """`number`, `number from 0`, `number from 0 to 1`."""

    low: Number | None = None
    high: Number | None = None


class TimeType(Node):
    """`time`."""


class YesNoType(Node):
    """`yes/no`."""


class ChoiceType(Node):
    """`one of "video", "short", "live"`."""

    choices: tuple[String, ...]


class ListType(Node):
    """`list of text`, `list of number`."""

    of: Literal["text", "number"]


class SpanType(Node):
    """`span of text`: a place in the text column of that name."""

    of: Name


ColumnType: TypeAlias = TextType | NumberType | TimeType | YesNoType | ChoiceType | ListType | SpanType


class FromColumn(Node):
    """`from column "CONTENT"`."""

    column: String


class FromColumns(Node):
    """`from columns "p1_start", "p1_end"`: a span as two columns of offsets."""

    start: String
    end: String


class FromWords(Node):
    """`from words "person2_word_idx" in "tokens"`: a span as positions in a list of words."""

    positions: String
    words: String


class DataColumn(Node):
    """`likes number from 0 from column "n_likes"`."""

    name: Name
    type: ColumnType
    source: FromColumn | FromColumns | FromWords | None = None


class Data(Node):
    """`data comment` with its columns."""

    name: Name
    columns: tuple[DataColumn, ...]


class Labels(Node):
    """`labels HAM, SPAM`; `any_number` for `…, any number may apply`."""

    names: tuple[Name, ...]
    any_number: bool = False


class LabelShare(Node):
    """`SPAM 13%`, one part of a balance."""

    label: Name
    share: Number


class Balance(Node):
    """`balance SPAM 13%`."""

    shares: tuple[LabelShare, ...]


class Task(Node):
    """`task spam on comment`, or `task human under coarse.HUM`: one of `on` and `under` is there, the other None."""

    name: Name
    on: Name | None
    under: QualifiedName | None
    items: tuple[Labels | Balance, ...]


class VoteFor(Node):
    """`SPAM`, or `A or B`: one of these labels."""

    labels: tuple[QualifiedName, ...]


class VoteNot(Node):
    """`not A`: anything but this label."""

    label: QualifiedName


Vote: TypeAlias = VoteFor | VoteNot


class Require(Node):
    """`require findings.EDEMA implies triage.ABNORMAL`."""

    premise: Vote
    conclusion: Vote


class RequireNot(Node):
    """`require urgency.ROUTINE excludes findings.EDEMA`: no row is both."""

    first: Vote
    second: Vote


class HowMany(Node):
    """`exactly one`, `at least one`, `at most one`."""

    word: Literal["exactly one", "at least one", "at most one"]


class RequireSome(Node):
    """`require exactly one of triage.NORMAL, findings.EDEMA, findings.NODULE`."""

    how_many: HowMany
    labels: tuple[QualifiedName, ...]


AnyRequire: TypeAlias = Require | RequireNot | RequireSome


# ---------------------------------------------------------------------------------- terms, sections, contexts, lookups


class TermMode(Node):
    """How the terms after it are looked for: `any form of`, `exact case`, `exactly`."""

    word: Literal["any form of", "exact case", "exactly"]


class TermsLine(Node):
    """`"subscribe", "check out", PRAISE`; with `except` in front, these mask (`masks`)."""

    masks: bool
    mode: TermMode | None
    terms: tuple[String | Name, ...]


class TermsFile(Node):
    """`file "promotion.txt"`, `file "words.csv" column "term"`."""

    path: String
    column: String | None = None


class Synonyms(Node):
    """`synonyms exact, narrow`."""

    kinds: tuple[Name, ...]


class Levels(Node):
    """`at most 4 levels`."""

    most: Number


class Languages(Node):
    """`languages en, de`."""

    tags: tuple[Name, ...]


class SkipObsolete(Node):
    """`skip obsolete`."""


class KeepObsolete(Node):
    """`keep obsolete`."""


OntologyOption: TypeAlias = Synonyms | Levels | Languages | SkipObsolete | KeepObsolete


class TermsOntology(Node):
    """`from ontology "doid.obo" below "DOID:4" or "infectious disease"`, with its options."""

    path: String
    below: tuple[String, ...]
    options: tuple[OntologyOption, ...] = ()


class Terms(Node):
    """`terms PROMOTION` with its lines."""

    name: Name
    lines: tuple[TermsLine | TermsFile | TermsOntology, ...]


class SectionHeaded(Node):
    """`IMPRESSION headed "impression" or "conclusion"`."""

    name: Name
    headings: tuple[String, ...]


class SectionBetween(Node):
    """`BODY from "FINDINGS:" up to "IMPRESSION:"`."""

    name: Name
    start: String
    end: String


class Sections(Node):
    """`sections of text` with its sections."""

    column: Name
    sections: tuple[SectionHeaded | SectionBetween, ...]


class CueKind(Node):
    """`negation before`, `negation after`, `uncertain …`, `hypothesis …`, `history …`, `family …`, `not a cue`, `stop at`."""

    word: str


class Cue(Node):
    """`negation before "no", "without" reaching 8 words`."""

    kind: CueKind
    phrases: tuple[String, ...]
    reach: Number | None = None


class Context(Node):
    """`context chest extends clinical_english` with its cues."""

    name: Name
    extends: Name | None
    cues: tuple[Cue, ...]


class LookupColumns(Node):
    """`columns name1, name2`: of a lookup, or of what annotators said."""

    names: tuple[Name, ...]


class EitherOrder(Node):
    """`either order`."""


class IgnoringCase(Node):
    """`compare ignoring case`."""


class Lookup(Node):
    """`lookup known_spouses from "known_spouses.csv"` with its items."""

    name: Name
    path: String
    items: tuple[LookupColumns | EitherOrder | IgnoringCase, ...]


# ---------------------------------------------------------------------------------------- conditions, rules and slices


class When(Node):
    """`when …`, with the vote that it gives if it says so itself."""

    condition: Expression
    vote: Vote | None = None


class Unless(Node):
    """`unless …`."""

    condition: Expression


class Otherwise(Node):
    """`otherwise vote HAM`, or `otherwise abstain` (vote None)."""

    vote: Vote | None


class Means(Node):
    """`"spam" means SPAM`, for a rule that votes by a column or by annotators."""

    value: String | Number
    vote: Vote


class Abstains(Node):
    """`"?", "n/a" abstain`: values of a column, or of annotators, that are known and say nothing."""

    values: tuple[String | Number, ...]


class Field(Node):
    """`likes 3` in an example; several values (`tags "a", "b"`) are a list."""

    name: Name
    values: tuple[Value, ...]


class Example(Node):
    """`example SPAM "…"`: the vote a row must get (`none`, or `in` and `out` of a slice, are plain names here).

    The row is one `text`, or `fields`; one of the two is there. `todo` marks a known miss.
    """

    todo: bool
    vote: Vote
    text: String | None
    fields: tuple[Field, ...] = ()


class Expect(Node):
    """`expect precision at least 80% on dev`: bounds as written, None where there is none."""

    measure: Name
    least: Number | None
    most: Number | None
    dataset: Name


class Origin(Node):
    """`source "Moderation guide 2026, section 3"`."""

    text: String


class Status(Node):
    """`status deprecated, use other`."""

    state: Name
    successor: Name | None = None


class Formerly(Node):
    """`formerly promotes_channel`."""

    name: Name


class Note(Node):
    """`note "…"`: a remark that reports show."""

    text: String


RuleItem: TypeAlias = (
    When | Unless | Otherwise | Means | Abstains | LookupColumns | Example | Expect | Origin | Status | Formerly | Note
)


class Parameter(Node):
    """`of some text as it`: what a named condition is asked of."""

    type: Name
    name: Name


class Condition(Node):
    """`condition hedged of some text as it` with its `when` and `unless` lines."""

    name: Name
    parameter: Parameter | None
    items: tuple[When | Unless, ...]


class ForEach(Node):
    """`for each TERM in PROMOTION`: one labeling function for each term."""

    name: Name
    terms: Name


class ByColumn(Node):
    """`votes by column "model_label"`."""

    column: String


class ByAnnotators(Node):
    """`votes by annotators of id in "crowd.csv"`: who said what, one line each; `column` holds the items."""

    column: Name
    path: String


class Rule(Node):
    """`rule asks_to_promote votes SPAM` with its items."""

    name: Name
    each: ForEach | None
    votes: Vote | ByColumn | ByAnnotators | None
    items: tuple[RuleItem, ...]


class Slice(Node):
    """`slice short_comments` with its items."""

    name: Name
    items: tuple[When | Unless | Example, ...]


# --------------------------------------------------------------------------------------------- transforms, augmentation


class AnotherOf(Node):
    """`another of FIRST_NAMES`, what a transform puts in."""

    terms: Name


class Replace(Node):
    """`replace one of FIRST_NAMES in text with another of FIRST_NAMES`."""

    terms: Name
    column: Name
    replacement: AnotherOf | String


class KeepLabel(Node):
    """`keep the label`."""


class Transform(Node):
    """`transform swap_a_name` with its items."""

    name: Name
    items: tuple[When | Unless | Replace | KeepLabel, ...]


class InARow(Node):
    """`at most 2 in a row`."""

    most: Number


class AtRandom(Node):
    """`at random`."""


class Seed(Node):
    """`seed 17`."""

    number: Number


class Apply(Node):
    """`apply swap_a_name or swap_compliment, at most 2 in a row, at random, seed 17`."""

    transforms: tuple[Name, ...]
    options: tuple[InARow | AtRandom | Seed, ...] = ()


class MakeCopies(Node):
    """`make 2 copies, keep the original`."""

    copies: Number
    keep_original: bool = False


class Augment(Node):
    """`augment training` with its items."""

    name: Name
    items: tuple[Apply | MakeCopies, ...]


# --------------------------------------------------------------------------- expressions: what joins, counts and groups


class Connector(Node):
    """One `and` or `or` of a chain."""

    word: Literal["and", "or"]


class Chain(Node):
    """`a and b and c`, flat as written, with at least two operands and the connectors between them, even if mixed."""

    operands: tuple[Expression, ...]
    connectors: tuple[Connector, ...]


class Not(Node):
    """`not (…)`, `not loud`, `not hedged(it)`."""

    operand: Expression


class Brackets(Node):
    """`(…)` around a condition or a value."""

    inner: Expression


class Items(Node):
    """An indented list of conditions; one item a line."""

    conditions: tuple[Expression, ...]


class Quantifier(Node):
    """`some`, `every`, `no` (of pieces), `all`, `any`, `none`, `every` (of lists)."""

    word: Literal["some", "every", "no", "all", "any", "none"]


class Count(Node):
    """`at least 2`, `fewer than 5`, `at least 50%`."""

    relation: Literal["at least", "at most", "more than", "fewer than", "exactly"]
    number: Number


class Counted(Node):
    """`all of`, `any of`, `none of`, `at least 2 of` an indented list of conditions."""

    quantifier: Quantifier | Count
    items: Items


class Unit(Node):
    """What is counted, in the singular: word, sentence, line, paragraph, letter, character, token, link, piece."""

    word: str


class Parts(Node):
    """`some sentence of report`, `fewer than 2 pieces of BODY split at "."`."""

    quantifier: Quantifier | Count
    unit: Unit
    text: Name
    separator: String | None = None


class Where(Node):
    """`some sentence of report where …`; an indented list (`Items`) asks for all of its items."""

    parts: Parts
    condition: Expression


class ForSome(Node):
    """`for some NAME in LIST …`; an indented list (`Items`) asks for all of its items."""

    name: Name
    terms: Name
    condition: Expression


# ---------------------------------------------------------------------------------------- expressions: values and texts


class Arithmetic(Node):
    """`a + b`, `hours * 50`, `5 times X` (operator `times`)."""

    left: Expression
    operator: Literal["+", "-", "*", "/", "times"]
    right: Expression


class Call(Node):
    """`hedged(it)`, `sentiment(text)`: a named condition or a function, asked of something."""

    function: Name
    arguments: tuple[Expression, ...]


class WordsBetween(Node):
    """`the words between A and B`."""

    first: Name
    second: Name


class WordsNear(Node):
    """`the 3 words before A`, `the word after A`, `the words before A` (all of them)."""

    count: Number | None
    unit: Unit
    side: Literal["before", "after", "around"]
    of: Name


class PartOf(Node):
    """`the last word of A`, `the first 3 words of text`."""

    end: Literal["first", "last"]
    count: Number | None
    unit: Unit
    of: Name


class Pair(Node):
    """`the pair A, B`."""

    first: Name
    second: Name


# ------------------------------------------------------------------------------------------ expressions: what is said of it


class TextVerb(Node):
    """What a text does, in the third person: mentions, contains, starts with, ends with, asserts, denies, suspects."""

    word: Literal["mentions", "contains", "starts with", "ends with", "asserts", "denies", "suspects"]


class Words(Node):
    """`"a" or "b"`, `exact case "US"`, `exactly "x-ray"`."""

    mode: TermMode | None
    words: tuple[String, ...]


class OfLists(Node):
    """`any of A, B`, `none of A`, `more than 2 of A`, `every A`."""

    quantifier: Quantifier | Count
    lists: tuple[Name, ...]


TermsOperand: TypeAlias = Words | OfLists | Name


class FollowedBy(Node):
    """`followed within 4 words by B`, `followed by B`."""

    within: Number | None
    terms: TermsOperand


class InSection(Node):
    """`in FINDINGS`."""

    section: Name


class OutsideSection(Node):
    """`outside HISTORY`."""

    section: Name


class InSame(Node):
    """`in the same sentence`."""

    unit: Unit


class InPart(Node):
    """`in the first 2 sentences`, `in the last line`."""

    end: Literal["first", "last"]
    count: Number | None
    unit: Unit


class Times(Node):
    """`at least 5 times`: so many occurrences."""

    count: Count


class UnderContext(Node):
    """`under chest`: the context whose cues count."""

    context: Name


Place: TypeAlias = InSection | OutsideSection | InSame | InPart | Times | UnderContext


class Says(Node):
    """`text mentions any of PROMOTION in FINDINGS`; `negated` with `does not`."""

    subject: Expression
    negated: bool
    verb: TextVerb
    terms: TermsOperand
    followed_by: FollowedBy | None = None
    places: tuple[Place, ...] = ()


class Matches(Node):
    """`text matches /…/`, `text does not match exact case /…/`."""

    subject: Expression
    negated: bool
    exact_case: bool
    regex: Regex
    places: tuple[Place, ...] = ()


class HasCount(Node):
    """`text has fewer than 5 words`."""

    subject: Expression
    negated: bool
    count: Count
    unit: Unit


class HasEntity(Node):
    """`text has an entity PERSON`."""

    subject: Expression
    negated: bool
    entity: Name


class HasEntities(Node):
    """`text has at least 2 entities PERSON`."""

    subject: Expression
    negated: bool
    count: Count
    entity: Name


class WordKind(Node):
    """`noun`, `proper noun`: what sort of words is meant, as one or two words."""

    words: tuple[Name, ...]

    @property
    def text(self) -> str:
        """The words, with a blank between them."""
        return " ".join(word.text for word in self.words)


class HasAmong(Node):
    """`text has a noun among LIST`."""

    subject: Expression
    negated: bool
    kind: WordKind
    terms: Name


class Share(Node):
    """`at least 50% of letters in text are capital`; `property` is the last word."""

    count: Count
    unit: Unit
    text: Name
    property: Name


class Is(Node):
    """`x is 3`, `text is not "y"`, `isolated is yes`."""

    subject: Expression
    negated: bool
    value: Expression


class IsMissing(Node):
    """`x is missing`, `x is not missing`."""

    subject: Expression
    negated: bool


class IsPresent(Node):
    """`x is present`, `x is not present`."""

    subject: Expression
    negated: bool


class Relation(Node):
    """How two values compare; `written` is above, over, `more than`, `>`, … and `word` the plain one of the six."""

    word: Literal["more than", "less than", "at least", "at most", "before", "after"]
    written: str


class Comparison(Node):
    """`x is more than 3`, `posted is after 2026-11-20`, `likes >= 4`."""

    subject: Expression
    negated: bool
    relation: Relation
    value: Expression


class Between(Node):
    """`x is between A and B`."""

    subject: Expression
    negated: bool
    low: Expression
    high: Expression


class OneOf(Node):
    """`x is one of 1, 2, 3`, `text is "a" or "b"`."""

    subject: Expression
    negated: bool
    values: tuple[Expression, ...]


class InLookup(Node):
    """`country is in EMBARGOED`, `the pair A, B is in known`."""

    subject: Expression
    negated: bool
    lookup: Name


class Within(Node):
    """`A is within 15 words of B` (a plain number counts words), `posted is within 2 days of seen`."""

    subject: Expression
    negated: bool
    distance: Number | Duration
    of: Name


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
    | Says | Matches | HasCount | HasEntity | HasEntities | HasAmong | Share
    | Is | IsMissing | IsPresent | Comparison | Between | OneOf | InLookup | Within | Distance
)  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ the file


class Comment(Node):
    """`# …`, to the end of its line; `text` is what follows the `#`, without white space around it."""

    text: str


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
    Language | Package | UseNames | UseContext | UsePlugin | Data | Task | Require | RequireNot | RequireSome | Terms
    | Sections | Context | Lookup | Condition | Rule | Slice | Transform | Augment | Broken
)  # fmt: skip


class File(Node):
    """All blocks of a file in their order, and its comments."""

    blocks: tuple[Block, ...]
    comments: tuple[Comment, ...] = ()


def names_in(node: object) -> Iterator[str]:
    """Every name in a part of the tree."""
    match node:
        case Name(text=text):
            yield text
        case Node():
            yield from names_in(node.inside)
        case tuple():
            for part in node:
                yield from names_in(part)
