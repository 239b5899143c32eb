"""The codes of all that the checker tells, each with what it means: for programs, and for who looks one up."""

from __future__ import annotations

from collections.abc import Mapping

YAML: Mapping[str, str] = {
    "unreadable": "The file, or the folder, cannot be read.",
    "encoding": "The file is not UTF-8.",
    "too-large": "The file is over 5 MB.",
    "empty": "Nothing is in the file.",
    "character": "A character that YAML does not allow.",
    "syntax": "This is not YAML: brackets, quotes, indentation.",
    "second-document": "A line `---` begins a second document in the file.",
    "depth": "Nested more than 40 deep.",
    "key": "A key is neither a word nor a text in quotes.",
    "duplicate-key": "The same key twice in one place; YAML would quietly take the last.",
    "trap-alias": '`*` alone is an alias in YAML: the key is `"*"`.',
    "trap-hash": '`#` alone begins a comment in YAML: the key is `"#"`.',
    "trap-octal": '`0123` is an octal number in YAML: write `"0123"`.',
    "trap-sexagesimal": '`12:30` is a number to the base 60 in YAML: write `"12:30"`.',
    "trap-boolean": "`on`, `off`, `yes`, `no` are true or false in YAML.",
    "trap-key": "The same, or nothing, as a key.",
    "trap-plus": "YAML drops the `+` of a number: write it in quotes.",
    "trap-comma": "A comma within `{…}` ends a text in YAML: the whole text stands in quotes.",
    "anchor": "`&` at the beginning is an anchor in YAML.",
    "tag": "`!` at the beginning is a tag in YAML.",
}

FORM: Mapping[str, str] = {
    "file-name": "A flow's file must end in `.yaml`.",
    "no-flow": "No flow is in the folder.",
    "not-a-flow": "The file has nothing of a flow.",
    "missing-key": "A key that must be there is not.",
    "unknown-key": "There is no such key here.",
    "verb-missing": "A node has no verb, or one that does not exist.",
    "verbs-several": "A node has more than one verb.",
    "wrong-type": "A text where a number is wanted, a list where keys are, and the like.",
    "wrong-choice": "Only some words can stand here, and this is another.",
    "wrong-form": "A text has not the form that is wanted.",
    "wrong-length": "Empty, or too long.",
    "wrong-value": "A value that cannot be.",
    "out-of-range": "A number is too small or too large.",
    "name-form": "A name has letters that a name cannot have.",
    "duration": "A duration has its unit: `5s`, `500ms`, `1m30s`.",
    "percent": "A percentage has its sign: `10%`.",
    "percentages": "Percentages that do not sum up to 100.",
    "value": "A spoken value is of exactly one kind.",
    "target": "A transfer goes either to a number or to an agent in a queue.",
    "length": "How many digits a caller may enter, cannot be read.",
    "pattern": "A pattern of digits that cannot be read.",
    "key-form": "What no telephone has as a key.",
    "expression": "A condition or computed value that is no CEL, or reads what does not exist.",
    "timezone-unknown": "No time zone has this name.",
    "hours-form": "Hours are `08:30-18:00`, several with commas, or `closed`.",
    "hours-clock": "A time that no clock shows.",
    "hours-empty": "Hours that end when they begin.",
    "hours-overlap": "Two spans of hours overlap.",
    "day-unknown": "No such day of the week.",
    "day-twice": "A day has its hours twice.",
    "date-form": "A date is `2027-05-04`, a span of dates `2027-02-05..2027-02-08`.",
    "dates-backward": "A span of dates ends before it begins.",
    "dates-long": "A span of dates is longer than a year.",
    "special-form": "What a special day cannot be.",
    "country-unknown": "No country has this code.",
    "subdivision-unknown": "The country has no such part with holidays of its own.",
}

NAMES: Mapping[str, str] = {
    "unknown-node": "The flow has no such node.",
    "unknown-prompt": "Neither the flow nor `prompts.yaml` has such a prompt.",
    "unknown-schedule": "Neither the flow nor `hours.yaml` has such opening hours.",
    "unknown-flow": "The folder has no such flow.",
    "unknown-language": "The flow does not speak this language.",
    "unknown-variable": "Nothing in the flow sets this variable.",
    "unknown-queue": "The site has no such queue.",
    "unknown-skill": "The site has no such skill.",
    "unknown-agent": "The site has no such agent.",
    "unknown-lookup": "The site has no such lookup.",
    "unknown-argument": "The flow, or the lookup, takes no such argument.",
    "unknown-exit": "The flow that is called never returns this way.",
    "unknown-sound": "There is no such sound file.",
    "argument-missing": "The flow, or the lookup, asks for an argument that is not given.",
    "missing-language": "A prompt, or a flow that is called, lacks a language that the flow speaks.",
    "duplicate-flow": "Two files have a flow of the same name.",
    "duplicate-language": "A language stands twice in a list.",
    "duplicate-variable": "An argument stands twice in a list.",
    "unspeakable": "Values cannot be spoken in one of the flow's languages.",
    "number-not-allowed": "The site's `outbound.allow` lets no call go to this number.",
}

WAYS: Mapping[str, str] = {
    "exit-missing": "Something can happen for which the node has no way on.",
    "key-never-reached": "A menu's key that nobody can press, or that another takes first.",
    "unreachable": "No way leads to the node.",
    "leads-nowhere": "From the node no way leads to an end.",
    "endless-loop": "A call can go round for ever without its caller.",
    "recursion": "Flows that call one another in a ring.",
    "secret": "Secret digits, or a secret answer, would be stored, shown or spoken.",
}

WARNINGS: Mapping[str, str] = {
    "maybe-unset": "On some way nothing has set a variable where it is read; the node fails there.",
    "many-choices": "A menu with more than 5 choices, `*` and `#` not counted.",
    "deep-menu": "A menu behind 3 others, on the shortest way to it.",
    "long-greeting": "More than 15 s of listening before a caller is first asked something.",
    "long-way": "More than 60 s of listening on the quickest way to a person.",
    "no-person": "No way leads to a person.",
    "holidays-unknown": "The coming year's holidays are not published yet.",
}

CODES: Mapping[str, str] = {**YAML, **FORM, **NAMES, **WAYS, **WARNINGS}
