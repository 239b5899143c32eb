"""YAML text made into plain data that remembers where each value stands, and refuses YAML's traps.

Scalars mean what they look like: a key is always text, a date is text, and what YAML 1.1 would read as
something else than the author sees (``on``, ``0123``, ``12:30``) is a problem that says what to write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

Key: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]

DEPTH = 40
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
COMMENTED_KEY = re.compile(r"""^(?:[ \t]*|[^#"'\n]*[{,][ \t]*)(#)[ \t]?:(?:\s|$)""", re.MULTILINE)
NULL = re.compile(r"~|null|Null|NULL|")
TRUE = re.compile(r"true|True|TRUE")
FALSE = re.compile(r"false|False|FALSE")
SWITCH = re.compile(r"(?:yes|no|on|off)", re.IGNORECASE)
OCTAL = re.compile(r"[-+]?0[0-9_]+")
CLOCK = re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?")
PLUS = re.compile(r"\+[0-9_]+")
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Flaw:
    """A mistake in the text, at a place that counts from 1."""

    place: Place
    path: Key
    code: str
    message: str


@dataclass(slots=True)
class Document:
    """The data of one YAML text; ``values`` and ``keys`` are the places where they begin.

    ``complete``: the text was read to its end, so that what is beside its flaws can be trusted.
    """

    data: Any = None
    complete: bool = False
    values: dict[Key, Place] = field(default_factory=dict)
    keys: dict[Key, Place] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)


def parse(text: str) -> Document:
    """Read YAML text. Everything wrong is in the document's ``flaws``; data is then incomplete."""
    unprintable = UNPRINTABLE.search(text)
    if unprintable is not None:
        code = ord(unprintable[0])
        message = f"the character U+{code:04X} cannot stand in a YAML file; remove it"
        return Document(flaws=[Flaw(_place_of(text, unprintable.start()), (), "character", message)])
    builder = _Builder(text)
    try:
        builder.build()
    except yaml.MarkedYAMLError as error:
        builder.document.flaws.append(_syntax(error, text))
    builder.check_commented_keys()
    return builder.document


class _Builder:
    """Makes one document from the parser's events."""

    def __init__(self, text: str) -> None:
        self.document = Document()
        self._text = text
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._spans: list[tuple[Place, Place]] = []

    def build(self) -> None:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                break
        else:
            self._flaw((1, 1), (), "empty", "the file is empty")
            return
        self.document.data = self._node(next(self._events), ())
        self.document.complete = True
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                message = "a second document begins here; put it into a file of its own"
                self._flaw(_begin(event), (), "second-document", message)
                return

    def check_commented_keys(self) -> None:
        for match in COMMENTED_KEY.finditer(self._text):
            place = _place_of(self._text, match.start(1))
            if not any(begin <= place < end for begin, end in self._spans):
                message = 'YAML takes everything after # for a comment; for the # key write "#": in quotes'
                self._flaw(place, (), "trap-hash", message)

    def _flaw(self, place: Place, path: Key, code: str, message: str) -> None:
        self.document.flaws.append(Flaw(place, path, code, message))

    def _node(self, event: yaml.Event, path: Key) -> Any:
        place = _begin(event)
        self.document.values[path] = place
        if isinstance(event, yaml.AliasEvent):
            message = f'*{event.anchor} is an alias in YAML; write it out here; the * key is "*" in quotes'
            self._flaw(place, path, "trap-alias", message)
            return None
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            message = f"&{event.anchor} is an anchor in YAML; put text that begins with & in quotes"
            self._flaw(place, path, "anchor", message)
        if getattr(event, "tag", None) is not None:
            self._flaw(
                place, path, "tag", "tags (!…) are not used here; put text that begins with ! in quotes"
            )
        if isinstance(event, yaml.ScalarEvent):
            self._spans.append((place, _end(event)))
            return self._plain(event, path) if event.implicit[0] else event.value
        if len(path) >= DEPTH:
            self._flaw(place, path, "depth", f"this is nested more than {DEPTH} deep")
            self._skip()
            return None
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(
            path, in_braces=isinstance(event, yaml.MappingStartEvent) and bool(event.flow_style)
        )

    def _sequence(self, path: Key) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Key, in_braces: bool) -> dict[str, Any]:
        items: dict[str, Any] = {}
        text_of: str | None = None  # the key of the text before, when it stands without quotes
        is_told = False
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path)
            value_event = next(self._events)
            if in_braces and key and text_of is not None and self._has_no_colon(event, value_event):
                if not is_told:
                    message = (
                        f"the comma before {_short(key)!r} ends a text in YAML; put the whole text in quotes"
                    )
                    self._flaw(_begin(event), (*path, text_of), "trap-comma", message)
                key, is_told = None, True  # what follows further commas is the same mistake
            else:
                text_of, is_told = key if _is_plain_text(value_event) else None, False
            if key is None:
                self._node(value_event, path)
            elif key in items:
                line, _ = self.document.keys[*path, key]
                message = f"the key {key!r} is here twice; the first is in line {line}"
                self._flaw(_begin(event), (*path, key), "duplicate-key", message)
                self._node(value_event, (*path, key))
            else:
                self.document.keys[*path, key] = _begin(event)
                items[key] = self._node(value_event, (*path, key))
        return items

    def _key(self, event: yaml.Event, path: Key) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event, path)
            self._flaw(_begin(event), path, "key", "a key must be a single word or a text in quotes")
            return None
        self._spans.append((_begin(event), _end(event)))
        key: str = event.value
        if not event.implicit[0]:
            return key
        if SWITCH.fullmatch(key) or TRUE.fullmatch(key) or FALSE.fullmatch(key) or NULL.fullmatch(key):
            shown = f"{key!r} is not a text in YAML" if key else "there is no key before the colon"
            self._flaw(_begin(event), path, "trap-key", f'{shown}; write the key in quotes: "{key}":')
        return key

    def _has_no_colon(self, key: Any, value: Any) -> bool:
        """Tell whether what YAML takes for a key in braces has neither colon nor value."""
        between = self._text[key.end_mark.index : value.start_mark.index + 1]
        return isinstance(value, yaml.ScalarEvent) and not value.value and ":" not in between

    def _plain(self, event: yaml.ScalarEvent, path: Key) -> Any:
        text: str = event.value
        trap = _trap(text)
        if trap is not None:
            self._flaw(_begin(event), path, *trap)
        if NULL.fullmatch(text):
            return None
        if TRUE.fullmatch(text) or FALSE.fullmatch(text):
            return text.casefold() == "true"
        if INTEGER.fullmatch(text):
            return int(text)
        return float(text) if DECIMAL.fullmatch(text) else text

    def _skip(self) -> None:
        open_collections = 1
        for event in self._events:
            open_collections += isinstance(event, yaml.CollectionStartEvent)
            open_collections -= isinstance(event, yaml.CollectionEndEvent)
            if not open_collections:
                return


def _trap(text: str) -> tuple[str, str] | None:
    if SWITCH.fullmatch(text):
        right = "true" if text.casefold() in {"yes", "on"} else "false"
        return "trap-boolean", f'{text} is {right} in YAML; write {right}, or "{text}" in quotes for the text'
    if OCTAL.fullmatch(text):
        return "trap-octal", f'{text} is an octal number in YAML; write "{text}" in quotes'
    if CLOCK.fullmatch(text):
        return "trap-sexagesimal", f'{text} is a number to the base 60 in YAML; write "{text}" in quotes'
    if PLUS.fullmatch(text):
        return "trap-plus", f'YAML drops the + of {text}; write "{text}" in quotes'
    return None


def _is_plain_text(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.implicit[0] and event.value != ""


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Flaw:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "this is not YAML"
    character = text[mark.index : mark.index + 1] if mark is not None else ""
    code, message = "syntax", f"this is not YAML: {problem}"
    if error.context == "while scanning an alias":
        code, message = "trap-alias", '* alone begins an alias in YAML; for the * key write "*" in quotes'
        mark = error.context_mark or mark
    elif "mapping values are not allowed" in problem or (character == ":" and _in_one_line(error)):
        message = (
            "a colon stands where no key can be; put text with a colon in quotes, and check the indentation"
        )
    elif "cannot start any token" in problem and character == "\t":
        message = "a tab stands here; indent with spaces"
    elif "cannot start any token" in problem:
        message = f"text that begins with {character} must be in quotes"
    elif "quoted scalar" in (error.context or ""):
        message, mark = "the quote that begins here is not closed", error.context_mark or mark
    elif "',' or" in problem or "expected node content" in problem:
        message, mark = (
            "from here on the brackets or commas of a list {…} or […] do not match",
            error.context_mark or mark,
        )
    elif "expected key" in problem or "expected '-' indicator" in problem:
        message = "this line does not fit the ones above it; check its indentation and its quotes"
    return Flaw(_at(mark), (), code, message)


def _in_one_line(error: yaml.MarkedYAMLError) -> bool:
    """Tell whether a list in brackets begins in the line in which it goes wrong, so that it may well be closed."""
    begin, end = error.context_mark, error.problem_mark
    return begin is not None and end is not None and begin.line == end.line


def _begin(event: yaml.Event) -> Place:
    return _at(event.start_mark)


def _end(event: yaml.Event) -> Place:
    return _at(event.end_mark)


def _at(mark: Any) -> Place:  # the C parser and the Python one each have a Mark class, or none
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _place_of(text: str, index: int) -> Place:
    line_start = text.rfind("\n", 0, index) + 1
    return text.count("\n", 0, index) + 1, index - line_start + 1
