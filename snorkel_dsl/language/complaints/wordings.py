"""What experts write about lists, assertion, sections, contexts, ontologies, spans, tasks and votes, and how it is said here.

Each entry is a pattern and what stands in its place; the ones of `IN_BLOCKS` hold in blocks with that first word alone.
The words that are offered are checked by tests, so that nobody is sent from one mistake to the next.
"""

from __future__ import annotations

_SUBJECT = r"(?P<of>\w+|`[^`]+`)"
_ASSERTS = r"(?:asserts?|den(?:ies|y)|suspects?)"
_SAYS = r"(?:mentions?|contains?|asserts?|den(?:ies|y)|suspects?)"
_LIST = r"[A-Z]\w*"
_WORDS = r"(?:\"[^\"]*\" or )*\"[^\"]*\""
_WHAT = rf"(?:(?:any|all|none) of {_LIST}(?:, {_LIST})*|every {_LIST}|{_WORDS}|{_LIST})"
_PLACE = r"(?: (?:in|outside|under) \w+)?"
_BOUND = r"(?:more|less|fewer) than|at (?:least|most)|exactly"
_AXIS = r"negation|uncertain|history|family|hypothesis"
_KIND = r"(?:proper )?noun|verb|adjective|adverb|pronoun|lemma|noun phrase"
_PAIR = r"(?P<a>\w+) ?, ?(?P<b>\w+)"
_NUMBERS = "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"
_PASSIVE = (("asserted", "asserts"), ("denied", "denies"), ("suspected", "suspects"), ("mentioned", "mentions"))

_LISTS = (
    *((rf"(?P<verb>{_SAYS}) (?P<bound>{_BOUND}) {word} (?P<list>{_LIST})", rf"\g<verb> \g<bound> {number} of \g<list>")
      for number, word in enumerate(_NUMBERS, 1)),
    *((rf"(?P<before>{_BOUND}|within|reaching|first|last|the) {word} (?P<unit>\w+)", rf"\g<before> {number} \g<unit>")
      for number, word in enumerate(_NUMBERS, 1)),
    *((rf"(?P<verb>{_SAYS}) {word} of (?P<list>{_LIST})", rf"\g<verb> at least {number} of \g<list>")
      for number, word in enumerate(_NUMBERS[1:], 2)),
    (rf"(?P<verb>{_SAYS}) (?P<n>\d+) (?:of )?(?P<list>{_LIST})", r"\g<verb> at least \g<n> of \g<list>"),
    (rf"(?P<verb>{_SAYS}) (?P<count>(?:{_BOUND}) \d+) (?P<list>{_LIST})", r"\g<verb> \g<count> of \g<list>"),
    (rf"(?P<verb>{_ASSERTS}) (?:every of|each of|each|all(?! of)) (?P<list>{_LIST})", r"\g<verb> every \g<list>"),
    (rf"(?P<verb>mentions?|contains?) (?:every of|each of|each|all(?! of)) (?P<list>{_LIST})",
     r"\g<verb> all of \g<list>"),
    (rf"(?P<verb>{_SAYS}) (?:some of|some|one of|an?|any(?! of| form)) (?P<list>{_LIST})", r"\g<verb> any of \g<list>"),
    (rf"(?P<verb>{_SAYS}) (?:no|not any of|not|none(?! of)) (?P<list>{_LIST})", r"\g<verb> none of \g<list>"),
    (rf"(?P<words>any form of {_WORDS}) or (?:any|all|every) forms? of (?P<next>\")", r"\g<words> or \g<next>"),
    (r"(?:any|all|every) forms? (?:of )?(?P<word>\")", r"any form of \g<word>"),
    (rf"(?P<of>any|all|none) of \((?P<list>{_LIST})\)", r"\g<of> of \g<list>"),
    (rf"{_SUBJECT} has (?P<what>(?:any|all|none) of {_LIST})", r"\g<of> mentions \g<what>"),
    (rf"(?<=when )(?P<word>\"[^\"]*\") in {_SUBJECT}", r"\g<of> mentions \g<word>"),
    (rf"(?<=when )(?P<list>{_LIST}) in {_SUBJECT}$", r"\g<of> mentions any of \g<list>"),
    (r"at least once", "at least 1 time"),
    (r"more than once", "at least 2 times"),
)  # fmt: skip

_ASSERTION = (
    (rf"(?<=when ){_SUBJECT}\.(?P<verb>{_SAYS})\((?P<list>{_LIST})\)", r"\g<of> \g<verb> any of \g<list>"),
    (
        rf"{_SUBJECT} (?P<verb>{_SAYS}) both (?P<one>\"[^\"]*\") and (?P<two>\"[^\"]*\")",
        r"\g<of> \g<verb> \g<one> and \g<of> \g<verb> \g<two>",
    ),
    (
        rf"{_SUBJECT} (?P<verb>{_SAYS}) neither (?P<one>\"[^\"]*\") n?or (?P<two>\"[^\"]*\")",
        r"not (\g<of> \g<verb> \g<one> or \g<two>)",
    ),
    *((rf"never {verb}s", f"does not {verb}") for verb in ("mention", "contain", "assert", "suspect")),
    (r"never denies", "does not deny"),
    (
        rf"{_SUBJECT} (?P<verb>{_ASSERTS}) (?P<first>{_WORDS}) or (?P<last>any of {_LIST})",
        r"\g<of> \g<verb> \g<first> or \g<of> \g<verb> \g<last>",
    ),
    (
        rf"{_SUBJECT} (?P<verb>{_ASSERTS}) (?P<first>any of {_LIST})(?:,| or) (?P<last>{_WORDS})",
        r"\g<of> \g<verb> \g<first> or \g<of> \g<verb> \g<last>",
    ),
    (rf"(?P<verb>{_ASSERTS}) (?P<first>[A-Z]\w*), (?P<last>[A-Z]\w*)", r"\g<verb> any of \g<first>, \g<last>"),
    (rf"(?P<verb>{_SAYS}) that (?P<what>\S+)", r"\g<verb> \g<what>"),
    (
        rf"{_SUBJECT} (?P<one>{_SAYS}) (?P<join>or|and) (?P<two>{_SAYS}) (?P<what>{_WHAT})",
        r"\g<of> \g<one> \g<what> \g<join> \g<of> \g<two> \g<what>",
    ),
    (
        rf"{_SUBJECT} (?P<verb>{_SAYS}) (?P<what>{_WORDS}|any of {_LIST}) (?:and|but) not (?P<other>{_WORDS}|any of {_LIST})",
        r"\g<of> \g<verb> \g<what> and not (\g<of> \g<verb> \g<other>)",
    ),
    (
        rf"{_SUBJECT} (?P<says>(?:does not )?{_SAYS} {_WHAT}{_PLACE}) (?P<join>and|or) "
        rf"(?P<next>(?:does not )?{_SAYS} \S+)",
        r"\g<of> \g<says> \g<join> \g<of> \g<next>",
    ),
    (
        rf"{_SUBJECT} (?:negates?|rules out|excludes?|is negative for|is free of|has no) (?P<what>{_WHAT})",
        r"\g<of> denies \g<what>",
    ),
    (
        rf"{_SUBJECT} (?:affirms?|confirms?|reports?|shows?|states?|is positive for) (?P<what>{_WHAT})",
        r"\g<of> asserts \g<what>",
    ),
    *(
        (rf"(?:every|each)(?: of)? (?P<list>{_LIST}) (?:is|are) {said} (?:in|by) {_SUBJECT}", rf"\g<of> {verb} every \g<list>")
        for said, verb in _PASSIVE[:3]
    ),
    *(
        (rf"(?:any of |some )?(?P<list>{_LIST}) (?:is|are) {said} (?:in|by) {_SUBJECT}", rf"\g<of> {verb} any of \g<list>")
        for said, verb in _PASSIVE
    ),
    (r"(?:under|in|with|using|by) (?:the )?context (?P<name>\w+)", r"under \g<name>"),
    (rf"(?P<what>{_SAYS} {_WHAT}) (?:using|with) (?P<name>\w+)", r"\g<what> under \g<name>"),
    (r"under \"(?P<name>\w+)\"", r"under \g<name>"),
)  # fmt: skip

_PLACES = (
    (rf"(?P<what>{_SAYS} {_WHAT}) (?:not in|out of|outside of|outside the|except in) (?P<name>{_LIST})",
     r"\g<what> outside \g<name>"),
    (rf"(?P<what>{_SAYS} {_WHAT}) (?:in|within|inside) (?:the section |section |the |\")?(?P<name>{_LIST})\"?(?: section)?",
     r"\g<what> in \g<name>"),
    (rf"{_SUBJECT} (?P<says>{_SAYS} {_WHAT}) in (?P<one>{_LIST}), (?P<two>{_LIST})",
     r"\g<of> \g<says> in \g<one> or \g<of> \g<says> in \g<two>"),
    (rf"(?<=when )in (?P<name>{_LIST}),? (?P<says>\w+ {_SAYS} {_WHAT})", r"\g<says> in \g<name>"),
    (rf"{_SUBJECT} in (?P<name>{_LIST}) (?P<says>{_SAYS} {_WHAT})", r"\g<of> \g<says> in \g<name>"),
    (r"(?:within|in) (?:the same|same|one|a single|the) (?P<unit>sentence|line|paragraph)\b", r"in the same \g<unit>"),
    (r"in (?P<which>first|last) (?P<unit>(?:\d+ )?\w+)", r"in the \g<which> \g<unit>"),
)  # fmt: skip

_SPANS = (
    (r"(?:some|any) words? between (?P<a>\w+) and (?P<b>\w+) (?P<verb>mentions?|contains?)",
     r"the words between \g<a> and \g<b> \g<verb>"),
    (r"(?:the )?(?:words|text|tokens) (?:from|between) (?P<a>\w+) (?:to|and) (?P<b>\w+)", r"the words between \g<a> and \g<b>"),
    (rf"(?<!is )between (?P<a>\w+) and (?P<b>\w+) (?P<verb>{_SAYS})", r"the words between \g<a> and \g<b> \g<verb>"),
    (r"(?P<a>\w+) is (?:near|close to|next to|beside|by) (?P<b>\w+)", r"\g<a> is within 5 words of \g<b>"),
    (r"is within (?P<n>\d+) of (?P<b>\w+)", r"is within \g<n> words of \g<b>"),
    (r"(?P<a>\w+) (?:precedes|comes before|stands before|is (?:to the )?left of) (?P<b>\w+)", r"\g<a> is before \g<b>"),
    (r"(?P<a>\w+) (?:follows|comes after|stands after|is (?:to the )?right of) (?P<b>\w+)", r"\g<a> is after \g<b>"),
    (r"(?:the )?(?P<n>\d+ words?) (?:left of|preceding|in front of|ahead of) (?P<a>\w+)", r"the \g<n> before \g<a>"),
    (r"(?:the )?(?P<n>\d+ words?) (?:right of|following|behind) (?P<a>\w+)", r"the \g<n> after \g<a>"),
    (r"the next (?P<n>\d+ words? after)", r"the \g<n>"),
    (rf"(?:pair )?(?<!the pair )(?P<open>\()?(?<!the pair ){_PAIR}(?(open)\)) (?P<is>(?:is|are)(?: not)? in) (?P<known>\w+)",
     r"the pair \g<a>, \g<b> \g<is> \g<known>"),
    (rf"the pair {_PAIR} (?P<no>not )?in (?P<known>\w+)", r"the pair \g<a>, \g<b> is \g<no>in \g<known>"),
)  # fmt: skip

_PIPELINES = (
    (r"has (?:no|not an?) entity (?P<name>[A-Z]\w*)", r"does not have an entity \g<name>"),
    (r"(?:has|mentions|contains) (?:an?|any|some)? ?entity (?:of type |of |called |named )?\"?(?P<name>[A-Z]\w*)\"?",
     r"has an entity \g<name>"),
    (r"has (?:an?|any|some) (?P<name>[A-Z]+) entity", r"has an entity \g<name>"),
    (r"entities (?:of type |of )(?P<name>[A-Z]\w*)", r"entities \g<name>"),
    (rf"{_SUBJECT} has an entity (?P<one>[A-Z]\w*), (?P<two>[A-Z]\w*)",
     r"\g<of> has an entity \g<one> or \g<of> has an entity \g<two>"),
    (rf"has no (?P<kind>{_KIND}) (?:among|in|of|from) (?P<list>{_LIST})", r"does not have a \g<kind> among \g<list>"),
    (rf"has (?:an?|any|some)? ?(?P<kind>{_KIND}) (?:among|in|of|from) (?P<list>{_LIST})", r"has a \g<kind> among \g<list>"),
)  # fmt: skip

_CALLS = (
    (r"(?P<call>\w+\(\w+) is (?P<asked>(?:above|below|over|under|more than|less than|at least|at most) [^()]+)\)",
     r"\g<call>) is \g<asked>"),
    (r"(?<=when )(?P<plugin>[a-z]\w*)\.(?P<call>\w+\()", r"\g<call>"),
    (r"not (?P<call>\w+\([^()]*\)) (?P<asked>is (?:above|below|over|under|more than|less than|at least|at most) \S+)",
     r"not (\g<call> \g<asked>)"),
)  # fmt: skip

PHRASES = (*_LISTS, *_ASSERTION, *_PLACES, *_SPANS, *_PIPELINES, *_CALLS)

IN_BLOCKS = {
    "use": (
        (r"^use contexts? \"(?P<name>\w+)\"$", r"use context \g<name>"),
        (r"^use contexts (?P<name>\w+)$", r"use context \g<name>"),
        (r"^use (?P<name>\w+_english)$", r"use context \g<name>"),
        (r"^use context (?P<name>\w+) from (?P<file>\"[^\"]*\")", r"use \g<name> from \g<file>"),
        (r"^use (?:functions? |\w+ )?(?:from )?(?:plugins? )?(?P<name>\"[^\"]*\")(?: version)? \"?(?P<n>\d+)(?:\.0)*\"?$",
         r"use functions from plugin \g<name> version \g<n>"),
        (r"^use (?:functions? )?(?:[\w, ]+ )?(?:from )?plugins? (?P<name>\"[^\"]*\")(?: version)? \"?(?P<n>\d+)(?:\.0)*\"?$",
         r"use functions from plugin \g<name> version \g<n>"),
    ),
    "import": ((r"^import (?P<what>context \w+)$", r"use \g<what>"),),
    "using": ((r"^using (?P<what>context \w+)$", r"use \g<what>"),),
    "include": ((r"^include (?P<what>context \w+)$", r"use \g<what>"),),
    "section": (
        (r"^section of (?P<column>\w+)", r"sections of \g<column>"),
        (r"^section (?P<name>\w+) of (?P<column>\w+)", r"sections of \g<column>"),
    ),
    "requires": ((r"^requires (?P<what>.+)$", r"require \g<what>"),),
    "context": (
        (r"^(?P<header>context \w+) extends? \"(?P<name>\w+)\"", r"\g<header> extends \g<name>"),
        (r"^(?P<header>context \w+) (?:of|on|for|in) .+$", r"\g<header>"),
        (rf"^(?P<indent> +)(?P<side>before|after) (?P<axis>{_AXIS})\b", r"\g<indent>\g<axis> \g<side>"),
        (rf"^(?P<start> +(?:{_AXIS}) (?:before|after) (?:\"[^\"]*\", )*\"[^\"]*\") or (?P<next>\")", r"\g<start>, \g<next>"),
        (r"(?P<cue>\"[^\"]*\") (?P<reach>reaching \d+ words?), (?P<more>\"[^\"]*\")", r"\g<cue>, \g<more> \g<reach>"),
        (r"(?:reaching|within|up to|for|over)(?: up to| at most| within)? (?P<n>\d+)(?: words?)?", r"reaching \g<n> words"),
        (r"^(?P<indent> +)stops? (?:at )?(?P<phrase>\")", r"\g<indent>stop at \g<phrase>"),
        (r"^(?P<indent> +)(?:not (?:a )?cues?|no cues?|ignore|except) (?P<phrase>\")", r"\g<indent>not a cue \g<phrase>"),
    ),
    "sections": (
        (r"^sections (?:in |on |for )?(?P<column>\w+)$", r"sections of \g<column>"),
        (r"(?P<start>headed (?:\"[^\"]*\" or )*\"[^\"]*\")(?:, or|,| and) (?P<next>\")", r"\g<start> or \g<next>"),
        (r"(?P<start>headed (?:\"[^\"]*\" or )*\"[^\"]*\") (?:up to|until|to) .+$", r"\g<start>"),
        (r"^(?P<name> +\w+) between (?P<start>\"[^\"]*\") and (?P<end>\")", r"\g<name> from \g<start> up to \g<end>"),
        (r"^(?P<name> +(?!headed\b)\w+) (?:(?:is |are )?(?:headed|titled|called|named|headings?|header)(?: by| with)? |is )?"
         r"(?P<head>\")",
         r"\g<name> headed \g<head>"),
        (r"^(?P<indent> +)(?P<head>\"[^\"]*\") (?:is|heads|means) (?P<name>\w+)$", r"\g<indent>\g<name> headed \g<head>"),
    ),
    "terms": (
        (r"^(?P<indent> +)(?:ontology|from) (?P<file>\")", r"\g<indent>from ontology \g<file>"),
        (r"(?P<file>ontology \"[^\"]*\") (?:under|beneath|of|at|in|from|node)? ?(?P<node>\")", r"\g<file> below \g<node>"),
        (r"(?P<start>below (?:\"[^\"]*\" or )*\"[^\"]*\")(?:, or|,| and) (?P<next>\")", r"\g<start> or \g<next>"),
        (r"^(?P<indent> +)(?:(?:with|all) synonyms|with all synonyms)$", r"\g<indent>synonyms exact, narrow, related, broad"),
        (r"^(?P<indent> +)(?:no|without|exclude|skip) synonyms$", r"\g<indent>synonyms none"),
        (r"^(?P<start> +synonyms \w+(?:, \w+)*) and (?P<next>\w+)$", r"\g<start>, \g<next>"),
        (r"^(?P<indent> +)(?:levels|depth|max(?:imum)?(?: depth)?) (?P<n>\d+)$", r"\g<indent>at most \g<n> levels"),
        (r"^(?P<indent> +)(?:up to|down to|within|at least|max(?:imum)?|only) (?P<n>\d+) levels?",
         r"\g<indent>at most \g<n> levels"),
        (r"^(?P<indent> +)(?:(?:include|with|allow|and|take) )?obsolete$", r"\g<indent>keep obsolete"),
        (r"^(?P<indent> +)(?:exclude|without|no|drop|ignore) obsolete$", r"\g<indent>skip obsolete"),
        (r"^(?P<indent> +)language (?P<tags>\w+(?:, \w+)*)$", r"\g<indent>languages \g<tags>"),
        (r"^(?P<indent> +)languages? \"(?P<tag>\w+)\"$", r"\g<indent>languages \g<tag>"),
        (r"^(?P<indent> +)(?:all |every )?(?:forms?|plurals?|inflections?) of (?P<word>\")", r"\g<indent>any form of \g<word>"),
    ),
    "data": (
        (r"span (?:in|on|over|from) (?P<text>\w+)", r"span of \g<text>"),
        (r"(?P<span>span of \w+) from (?:columns? )?(?P<a>\"[^\"]*\")(?:,| and) (?P<b>\"[^\"]*\")",
         r"\g<span> from columns \g<a>, \g<b>"),
        (r"(?P<from>from columns) (?P<a>\w+),? (?:and )?(?P<b>\w+)$", r'\g<from> "\g<a>", "\g<b>"'),
        (r"(?P<span>span of \w+) from (?:words?|tokens?) \"?(?P<a>\w+)\"? (?:in|of|from) \"?(?P<b>\w+)\"?$",
         r'\g<span> from words "\g<a>" in "\g<b>"'),
    ),
    "task": (
        (r"^(?P<labels> +labels) any number may apply, (?P<names>.+)$", r"\g<labels> \g<names>, any number may apply"),
        (r"^(?P<labels> +labels \w+(?:, ?\w+)*?),? (?:any(?: number)?(?: of (?:labels|them|these))? (?:may|can) apply"
         r"|any number|several(?: may apply)?|multiple(?: may apply)?|multi-?label|all may apply)$",
         r"\g<labels>, any number may apply"),
        (r"^(?P<task>task \w+) on \w+ under (?P<of>.+)$", r"\g<task> under \g<of>"),
        (r"^(?P<task>task \w+) (?:under|below|if|when|for|of|in) \"?(?P<of>\w+)[ .:](?P<label>\w+)\"?$",
         r"\g<task> under \g<of>.\g<label>"),
    ),
    "require": (
        (r"^require if (?P<a>[\w. ]+),? then (?P<b>.+)$", r"require \g<a> implies \g<b>"),
        (r"^require (?P<a>[\w. ]+?) (?:->|=>|then|means|requires|needs|gives) (?P<b>.+)$", r"require \g<a> implies \g<b>"),
        (r"^require (?P<a>[\w. ]+?) (?:excluding|rules out|forbids|contradicts) (?P<b>.+)$", r"require \g<a> excludes \g<b>"),
        (r"^require (?P<many>exactly|at least|at most) (?:1|one) (?P<labels>[\w.]+(?:, ?[\w.]+)+)$",
         r"require \g<many> one of \g<labels>"),
        (r"^require (?P<many>exactly|at least|at most) 1 of (?P<labels>.+)$", r"require \g<many> one of \g<labels>"),
        (r"^require (?:one|only one|one and only one) of (?P<labels>.+)$", r"require exactly one of \g<labels>"),
        (r"^require (?:any|some|one or more) of (?P<labels>.+)$", r"require at least one of \g<labels>"),
    ),
    "rule": (
        (r"(?P<votes>\bvotes?) (?:NOT|no|none of|non) (?P<label>[A-Z][\w.]*)", r"\g<votes> not \g<label>"),
        (r"(?P<votes>\bvotes?) (?P<task>[a-z]\w*)[ :](?P<label>[A-Z]\w*)$", r"\g<votes> \g<task>.\g<label>"),
        (r"(?P<votes>\bvotes?) (?P<label>[A-Z]\w*) of (?P<task>\w+)$", r"\g<votes> \g<task>.\g<label>"),
        (r"^(?P<when> +(?:when|otherwise)\b.*) votes (?P<label>\w)", r"\g<when> vote \g<label>"),
        (r"^(?P<start>rule \w+ votes by) (?:the )?(?:column )?\"?(?!column|annotators?\b)(?P<name>\w+)\"?$",
         r'\g<start> column "\g<name>"'),
        (r"^(?P<indent> +)(?P<value>\"[^\"]*\"|-?\d+(?:\.\d+)?) ?(?:is|are|=|==|->|=>|:) ?(?P<label>[A-Za-z][\w.]*)$",
         r"\g<indent>\g<value> means \g<label>"),
        (r"(?P<start>votes by annotators of \w+) (?:from|of|by) (?P<file>\")", r"\g<start> in \g<file>"),
        (r"^(?P<indent> +)columns? \"(?P<a>\w+)\", \"(?P<b>\w+)\", \"(?P<c>\w+)\"$", r"\g<indent>columns \g<a>, \g<b>, \g<c>"),
        (r"^(?P<start> +example\b.*?\b\w+) ?(?:is|=|:) ?(?P<value>\"|-?\d)", r"\g<start> \g<value>"),
        (r"^(?P<start> +example\b.*?\b\w+) \((?P<a>\d+), ?(?P<b>\d+)\)", r"\g<start> \g<a>, \g<b>"),
        (r"^(?P<start> +example\b.*?\b\w+) (?P<a>\d+) ?(?:-|to|:|\.\.) ?(?P<b>\d+)", r"\g<start> \g<a>, \g<b>"),
        (r"^(?P<start> +example\b.*?\b\w+ \"[^\"]*\") (?P<n>\d+)\b", r"\g<start>, \g<n>"),
    ),
}  # fmt: skip
