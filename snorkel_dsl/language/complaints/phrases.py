"""What to say of whole phrases: what an expert would naturally write, and what the language has for it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.language.complaints.failure import Failure
from snorkel_dsl.language.complaints.wordings import IN_BLOCKS, PHRASES
from snorkel_dsl.source import Span

_VALUE = r"-?\d[\d_]*(?:\.\d+)?%?"
_SUBJECT = r"(?P<of>\w+|`[^`]+`)"
_MORE = r"(?P<is>is|are)(?P<not> not)? (?:greater|larger|bigger|higher) than"
_LESS = r"(?P<is>is|are)(?P<not> not)? (?:smaller|lower) than"
_WORDS = r"(?:\"[^\"]*\" or )*\"[^\"]*\""
_PART = r"(?P<part>sentence|line|paragraph)"
_QUANTIFIER = r"some|every|no|at least \d+|fewer than \d+"
_BOUND = r"(?:more|less|fewer) than|at (?:least|most)"
_DURATION = r"(?P<by>\d+ (?:second|minute|hour|day|week)s?)"

_LONGEST = 1_000  # a longer line is nobody's sentence, and the patterns need not be quick on it

# How it is written, and how it is said here.
_PHRASES = (
    (rf"{_MORE} or equal to", r"\g<is>\g<not> at least"),
    (rf"{_LESS} or equal to", r"\g<is>\g<not> at most"),
    (_MORE, r"\g<is>\g<not> more than"),
    (_LESS, r"\g<is>\g<not> less than"),
    (r"(?P<is>is|are)(?P<not> not)? equal to", r"\g<is>\g<not>"),
    (r"is on (?P<day>\d{4}-\d\d-\d\d)", r"is \g<day>"),
    (r"=> ?", ">= "),
    (r"=< ?", "<= "),
    (
        rf"{_SUBJECT} is (?P<low>(?:more|less) than|at (?:least|most)) (?P<first>{_VALUE}) and "
        rf"(?P<high>(?:more|less) than|at (?:least|most)) (?P<last>{_VALUE})",
        r"\g<of> is \g<low> \g<first> and \g<of> is \g<high> \g<last>",
    ),
    (
        rf"{_SUBJECT} has between (?P<low>\d+) and (?P<high>\d+) (?P<unit>\w+)",
        r"\g<of> has at least \g<low> \g<unit> and \g<of> has at most \g<high> \g<unit>",
    ),
    (r"(?P<has>has|have) no (?P<unit>\w+s)", r"\g<has> exactly 0 \g<unit>"),
    (r"the number of (?P<unit>\w+) in (?P<of>\w+) is (?P<n>\d+)", r"\g<of> has exactly \g<n> \g<unit>"),
    (
        rf"{_SUBJECT} is (?:more than|at least) {_DURATION} after (?P<when>\w+)",
        r"\g<of> is after \g<when> + \g<by>",
    ),
    (
        rf"{_SUBJECT} is (?:more than|at least) {_DURATION} before (?P<when>\w+)",
        r"\g<of> is before \g<when> - \g<by>",
    ),
    (r"twice (?P<of>\w+)", r"2 times \g<of>"),
    (r"(?P<n>\d[\d_.]*) %", r"\g<n>%"),
    (r"(?P<n>\d+)k\b", r"\g<n>_000"),
    (r"(?P<verb>is|are|do|does|has)n['’]?t (?P<next>\w+)", r"\g<verb> not \g<next>"),
    (r"(?P<verb>mentions?|contains?) either ", r"\g<verb> "),
    (
        rf"{_SUBJECT} (?P<verb>mentions|contains) (?P<first>{_WORDS}) or (?P<last>any of \w+)",
        r"\g<of> \g<verb> \g<first> or \g<of> \g<verb> \g<last>",
    ),
    (
        rf"{_SUBJECT} (?P<verb>mentions|contains) (?P<first>any of \w+)(?:,| or) (?P<last>{_WORDS})",
        r"\g<of> \g<verb> \g<first> or \g<of> \g<verb> \g<last>",
    ),
    (
        r"(?P<verb>mentions|contains) (?P<first>[A-Z]\w*), (?P<last>[A-Z]\w*)",
        r"\g<verb> any of \g<first>, \g<last>",
    ),
    (rf"{_SUBJECT} is any of (?P<list>\w+)", r"\g<of> mentions any of \g<list>"),
    (r"(?P<what>\"[^\"]*\"|[A-Z]\w*) once", r"\g<what> exactly 1 time"),
    (r"(?P<what>\"[^\"]*\"|[A-Z]\w*) twice", r"\g<what> exactly 2 times"),
    (r"(?P<verb>match(?:es)?) \"(?P<pattern>[^\"/]+)\"", r"\g<verb> /\g<pattern>/"),
    (r"like \"%?(?P<what>[^\"%]+)%?\"", r'contains "\g<what>"'),
    (r"(?P<pattern>/[^/]+/)i\b", r"\g<pattern>"),
    (
        rf"{_SUBJECT} mentions (?P<first>{_WORDS}) within (?P<n>\d+) words of (?P<last>{_WORDS})",
        r"\g<of> mentions \g<first> followed within \g<n> words by \g<last> "
        r"or \g<of> mentions \g<last> followed within \g<n> words by \g<first>",
    ),
    (r"(?P<first>\"[^\"]*\") (?:before|and then|then) (?P<last>\"[^\"]*\")", r"\g<first> followed by \g<last>"),
    (
        rf"(?:any|an?) {_PART}s? (?:of|in) (?P<of>\w+) (?P<verb>mentions|contains|asserts|denies|suspects|has)\b",
        r"some \g<part> of \g<of> where it \g<verb>",
    ),
    (rf"(?:any|an?) {_PART}s? (?:of|in) (?P<of>\w+)", r"some \g<part> of \g<of>"),
    (rf"(?:each|all) {_PART}s? (?:of|in) (?P<of>\w+)", r"every \g<part> of \g<of>"),
    (rf"(?P<q>some|every|no) {_PART}(?P<s>s?) in (?P<of>\w+)", r"\g<q> \g<part>\g<s> of \g<of>"),
    (
        rf"(?P<q>{_QUANTIFIER}) {_PART}(?P<s>s?) of (?P<of>\w+) "
        r"(?P<verb>mentions?|contains?|asserts?|den(?:ies|y)|suspects?|has)\b",
        r"\g<q> \g<part>\g<s> of \g<of> where it \g<verb>",
    ),
    (
        rf"{_SUBJECT} (?P<verb>mention|contain)s (?P<what>{_WORDS}|any of \w+) between (?P<a>\w+) and (?P<b>\w+)",
        r"the words between \g<a> and \g<b> \g<verb> \g<what>",
    ),
    (r"(?:the )?words between (?P<a>\w+)(?:,| and) (?P<b>\w+)", r"the words between \g<a> and \g<b>"),
    (rf"(?:the )?(?P<n>\d+ words?) before (?:or|and) after {_SUBJECT}", r"the \g<n> around \g<of>"),
    (rf"(?<!the )(?P<n>\d+ words?) (?P<side>before|after|around) {_SUBJECT}", r"the \g<n> \g<side> \g<of>"),
    (rf"(?P<is>is (?:not )?within \d+ words?) from {_SUBJECT}", r"\g<is> of \g<of>"),
    (rf"(?P<is>is (?:not )?(?:{_BOUND}) \d+ words?) (?:of|away from|apart from) {_SUBJECT}", r"\g<is> from \g<of>"),
    (
        r"(?P<a>\w+) is (?:exactly )?(?P<n>\d+ words?) from (?P<b>\w+)",
        r"\g<a> is at least \g<n> from \g<b> and \g<a> is within \g<n> of \g<b>",
    ),
    (
        r"the distance between (?P<a>\w+) and (?P<b>\w+) is (?P<n>\d+)(?: words?)?",
        r"\g<a> is at least \g<n> words from \g<b> and \g<a> is within \g<n> words of \g<b>",
    ),
    (
        rf"the distance between (?P<a>\w+) and (?P<b>\w+) is (?P<bound>{_BOUND}) (?P<n>\d+)(?: words?)?",
        r"\g<a> is \g<bound> \g<n> words from \g<b>",
    ),
    (
        r"(?P<a>\w+) and (?P<b>\w+) are within (?P<n>\d+ words?)(?: of (?:one another|each other))?",
        r"\g<a> is within \g<n> of \g<b>",
    ),
    (r"the pair (?P<a>\w+) and (?P<b>\w+)", r"the pair \g<a>, \g<b>"),
    (r"&&?", "and"),
    (r"\|\|?", "or"),
    (r"(?P<d>\d\d)\.(?P<m>\d\d)\.(?P<y>\d{4})", r"\g<y>-\g<m>-\g<d>"),
    (r"(?P<day>\d{4}-\d\d-\d\d)T(?P<time>\d\d:\d\d)\S*", r"\g<day> \g<time>"),
    (r"(?P<whole>\d+),(?P<rest>\d{1,2})\b", r"\g<whole>.\g<rest>"),
    (r"(?<= )\.(?P<rest>\d)", r"0.\g<rest>"),
    (r"(?<= )\+(?P<n>\d)", r"\g<n>"),
    (r"then vote", "vote"),
    (rf"number between (?P<low>{_VALUE}) and (?P<high>{_VALUE})", r"number from \g<low> to \g<high>"),
    (rf"number at least (?P<low>{_VALUE})", r"number from \g<low>"),
    (r"^(?P<column> +\S+ +[^\"]+?) from (?P<name>\"[^\"]*\")$", r"\g<column> from column \g<name>"),
    (r"(?P<start>from \"[^\"]*\") (?:to|until|till) (?P<end>\")", r"\g<start> up to \g<end>"),
    (r"^(?P<rule>rule \w+) (?i:votes?)\b", r"\g<rule> votes"),
)
_SPACED_NAME = re.compile(r"^rule (\w+(?: \w+)+) votes\b")


@cache
def _phrases(header: str) -> list[tuple[re.Pattern[str], str]]:
    """The phrases that concern a block with such a first word, compiled when the first mistake is found."""
    return [(re.compile(written), said) for written, said in (*IN_BLOCKS.get(header, ()), *_PHRASES, *PHRASES)]


_WITH_COMMAS = re.compile(
    r"(?P<verb>(?:mentions?|contains?|asserts?|den(?:ies|y)|suspects?|with|is|by) )"
    r"(?P<words>\"[^\"]*\"(?:(?:,(?: ?or)?| or) ?\"[^\"]*\")+)"
)


def words_with_commas(failure: Failure) -> Diagnostic | None:
    """`mentions "a", "b"`, `followed by "a", "b"`: words in a condition are joined by `or`."""
    if failure.text != ",":
        return None
    number, column = failure.source.position(failure.span.start)
    for found in _WITH_COMMAS.finditer(failure.source.line(number)):
        if found.start() < column <= found.end():
            joined = " or ".join(re.findall(r"\"[^\"]*\"", found["words"]))
            said = _instead(failure, number, found, found["verb"] + joined)
            lists = () if found["verb"] == "is " else ("or make a `terms` list of many words, and write `any of LIST`",)
            return replace(said, helps=said.helps + lists)
    return None


def other_wording(failure: Failure) -> Diagnostic | None:
    """A phrase that the language says in other words."""
    number, column = failure.source.position(failure.span.start)
    line = failure.source.line(number)
    if len(line) > _LONGEST:
        return None
    header = re.match(r"\w*", failure.source.text[failure.block.start : failure.block.end])
    for pattern, said in _phrases(header[0] if header else ""):
        for found in pattern.finditer(line):
            if found.start() < column <= found.end() + 1 and found.expand(said) != found[0]:
                return _instead(failure, number, found, found.expand(said))
    found_name = _SPACED_NAME.search(line)
    if found_name and column <= found_name.end():
        return _instead(failure, number, found_name, f"rule {found_name[1].replace(' ', '_')} votes")
    return None


def _instead(failure: Failure, number: int, found: re.Match[str], said: str) -> Diagnostic:
    start = failure.span.start - failure.source.position(failure.span.start)[1] + 1
    line = failure.source.line(number)
    written = (line[: found.start()] + said + line[found.end() :]).strip()
    begin, end = found.end() - len(found[0].lstrip()), found.end()
    if line[begin:end].count('"') % 2:  # the pattern ends inside words in quotes: show them to their end
        end = line.find('"', end) + 1 or len(line)
    message = f"`{line[begin:end].strip()}` is said in other words here"
    span = Span(start + begin, start + end)
    return failure.say("other-wording", message, "", f"write `{written}`", span=span)


def trailing_comma(failure: Failure) -> Diagnostic | None:
    """A list that goes on on the next line, with its comma at the end of this one."""
    if failure.previous != "," or failure.found not in ("_NL", "$END"):
        return None
    help_text = "leave the comma out where a list ends with the line; a line that begins with a comma continues it"
    span = failure.words_before[-1][1]
    return failure.say("unfinished-line", "the line ends with a comma", "", help_text, span=span)


def misplaced_vote(failure: Failure) -> Diagnostic | None:
    """A vote on a line of its own, or at the end of a list's line; what belongs below a header, beside it."""
    header = failure.source.slice(failure.block).partition("\n")[0]
    if header.startswith("terms ") and failure.text.startswith('"') and len(failure.words_before) == 2:
        help_text = f"put `{failure.here.split('#')[0].strip()}` on the next line, indented"
        return failure.say("misplaced-line", "terms stand on lines of their own", "", help_text)
    if not header.startswith("rule "):
        return None
    in_header = failure.source.position(failure.span.start)[0] == failure.source.position(failure.block.start)[0]
    before = failure.source.line(failure.source.position(failure.span.start)[0]).strip()
    if in_header and failure.text in ("when", "unless"):
        help_text = f"put `{failure.here.split('#')[0].strip()}` on the next line, indented"
        return failure.say("misplaced-line", f"`{failure.text}` stands on a line of its own", "", help_text)
    if in_header or failure.text not in ("vote", "votes"):
        return None
    if before.startswith("vote"):
        helps = ("put it on the line of its `when`: `when … vote LABEL`", "or in the header: `rule NAME votes LABEL`")
        return failure.say("misplaced-line", "a vote belongs to a `when` or to the header", "", *helps)
    if "_NL" in failure.accepted:
        help_text = "put it below the list, indented like the `when` above"
        return failure.say("misplaced-line", "after a list, the vote stands on a line of its own", "", help_text)
    return None
