"""The reference of the flow language, made from its models: ``python -m hotline.reference.flow > docs/flow.md``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, TypeAlias, get_args, get_origin

from hotline.reference.config import Undocumented
from hotline.reference.forms import default, form
from ivr.language.expression import FUNCTIONS, MEMBERS, QUEUE_FIGURES
from ivr.language.flow import Flow
from ivr.language.hours import Schedule
from ivr.language.part import Part
from ivr.language.prompt import SoundFile, SpokenValue
from ivr.language.words import NodeName
from ivr.lint.codes import FORM, NAMES, WARNINGS, WAYS, YAML
from ivr.saying.values import WANTED
from ivr.verbs import VERBS
from ivr.verbs.verb import Verb

HEAD = """\
# Flows: what callers go through

Every verb and key of the files in `flows/`. This page is made from the program's own models, and a test keeps it up
to date.

- Each file is one flow; a node is one verb with its options and, beside it, the nodes where the call goes on.
- `hotline lint` tells every mistake with line and column. Saved and right, a flow counts from the next call on.
- `prompts.yaml` holds prompts, and `hours.yaml` opening hours, that all flows share.
- A key without a default must be there. A duration has its unit: `500ms`, `5s`, `1m30s`.
- What YAML would read as something else stands in quotes: the keys `"*"` and `"#"`, numbers such as `"0755"`.

```yaml
flow: hotline
languages: [en]
start: welcome
prompts:
  welcome: {en: Welcome.}
  choices: {en: "For billing press 1, for faults press 2."}
  goodbye: {en: Goodbye.}
nodes:
  welcome: {play: welcome, next: main}
  main:
    menu: choices
    keys: {1: billing, 2: faults}
    failure: billing
  billing: {queue: billing, otherwise: end}
  faults: {queue: faults, otherwise: end}
  end: {hangup: goodbye}
```

An editor with a YAML language server completes and explains all of this. Write the schemas to files once,

```
hotline schema flow > flow.schema.json
hotline schema prompts > prompts.schema.json
hotline schema hours > hours.schema.json
hotline schema config > config.schema.json
```

and let the first line of a flow say where its schema is, seen from the flow:

```yaml
# yaml-language-server: $schema=../flow.schema.json
```
"""
NODES = """\
## Nodes

A node has one verb. `error` is every node's own: where a call goes when the node fails, a service is broken or a
variable is not set. Without it the call goes the flow's own way for `error`; where that is missing too it hears the
prompt `apology`, and ends.

| verb | what it does |
|---|---|
"""
PROMPTS = """\
## Prompts

For each language a prompt is a text, a sound file, or a list of these and of spoken values. A recording
`sounds/LANGUAGE/NAME.wav` goes before the text. A prompt that lacks one of the flow's languages is an error.

```yaml
prompts:
  welcome: {zh: 欢迎致电。, en: Welcome.}
  jingle: {zh: {sound: jingle.wav, text: 铃声}, en: {sound: jingle.wav, text: a jingle}}
  balance:
    zh: [您的余额是, {money: =vars.balance}]
    en: [Your balance is, {money: =vars.balance}]
```
"""
VALUES = """\
A spoken value also stands beside prompts in a node: `{play: [your-balance, {money: =vars.balance}], next: main}`.
It is said in the caller's language, in its grammar: 一百零五元, two thirty in the afternoon.

| kind | what the value is |
|---|---|
"""
CONDITIONS = """\
## Conditions and computed values

A condition (`if:`) is CEL, the Common Expression Language; so is every value that begins with `=`. It reads what is in
these tables and nothing else: it changes nothing and calls nothing outside. A text stands in quotes.

```yaml
switch:
  - {if: 'caller.number.startsWith("0755")', then: shenzhen}
  - {if: "now.weekday >= 6 || now.hour < 8", then: closed}
  - {if: "has(vars.customer) && vars.customer.level in ['gold', 'silver']", then: gold}
  - {if: "queue.faults.estimated_wait > 300", then: offer-call-back}
otherwise: main
```

| name | what it is |
|---|---|
"""
MEANINGS: Mapping[str, str] = {
    "caller.number": 'who calls, as the network says; `""` when withheld',
    "caller.dialled": "the number that was dialled",
    "caller.trunk": "the trunk by which the call came",
    "call.language": "the language in which the call goes on now",
    "call.flow": "the name of the flow",
    "call.pressed": "the keys of the last choice in a menu",
    "now.date": 'the day at the site, as `"2027-02-17"`',
    "now.time": 'the time at the site, as `"14:30"`',
    "now.weekday": "1 for Monday to 7 for Sunday",
    "now.year": "the year",
    "now.month": "1 to 12",
    "now.day": "1 to 31",
    "now.hour": "0 to 23",
    "now.minute": "0 to 59",
}
FIGURES: Mapping[str, str] = {
    "waiting": "how many callers wait there",
    "longest_wait": "how long the first of them has waited, in seconds",
    "estimated_wait": "how long the next one will wait, in seconds, by estimate",
    "seats_ready": "how many seats could take a call now",
}
CALLS: Mapping[str, str] = {
    "has": "`has(vars.balance)`: whether anything has set it",
    "size": "`size(vars.card)`: the length of a text or list",
    "int": "`int(vars.card)`: a text as a whole number",
    "double": '`double("3.5")`: a text as a number',
    "string": "`string(vars.tries)`: a number as a text",
    "contains": '`caller.number.contains("88")`',
    "startsWith": '`caller.number.startsWith("0755")`',
    "endsWith": '`caller.number.endsWith("00")`',
    "matches": '`vars.card.matches("^62")`: a regular expression',
}
HOURS = """\
## Opening hours

Schedules stand under `hours` in the flow, or in `hours.yaml` for all. Examples, and all that they can say, are in
[hours.md](hours.md).

"""
LINT = """\
## What the checker tells

`hotline lint` ends with status 1 when there are errors; warnings keep no flow from going live. With `--format json`
it prints a list of `file`, `line`, `column`, `path`, `code`, `severity` and `message`.

| code | what it means |
|---|---|
"""
Row: TypeAlias = tuple[str, str, str, str]


def flow_page(verbs: Mapping[str, type[Verb]] = VERBS) -> str:
    """Return the page, as Markdown. Raises `Undocumented`."""
    missing = [f"{verb}.{key}" for verb, kind in verbs.items() for key in _undocumented(kind)]
    missing += [key for part in (Flow, Schedule, SoundFile, SpokenValue) for key in _undocumented(part)]
    missing += sorted({*(f"{root}.{name}" for root in MEMBERS for name in MEMBERS[root])} - MEANINGS.keys())
    missing += sorted({*QUEUE_FIGURES} - FIGURES.keys()) + sorted({*FUNCTIONS} - CALLS.keys())
    if missing:
        raise Undocumented(missing)
    return "\n".join(
        (
            HEAD,
            "## The file\n\n" + _table(rows(Flow)),
            NODES + "".join(f"| [`{verb}`](#{verb}) | {_sentence(kind)} |\n" for verb, kind in verbs.items()),
            *(_verb(verb, kind) for verb, kind in verbs.items()),
            PROMPTS,
            _table(rows(SoundFile)),
            VALUES + "".join(f"| `{kind}` | {wanted} |\n" for kind, wanted in WANTED.items()),
            "`currency` beside `money` says of which money it is: "
            f"{form(SpokenValue.model_fields['currency'])}; without it `CNY`.\n",
            CONDITIONS + "".join(f"| `{name}` | {meaning} |\n" for name, meaning in _names()),
            "| function | example |\n|---|---|\n"
            + "".join(f"| `{name}` | {CALLS[name]} |\n" for name in FUNCTIONS),
            HOURS + _table(rows(Schedule)),
            LINT + "".join(_codes()),
        )
    )


def rows(part: type[Part]) -> Iterator[Row]:
    """Yield each key of a part: its name, what is written, its default and its meaning."""
    for name, field in part.model_fields.items():
        if not (issubclass(part, Verb) and name == "error"):
            yield f"`{field.alias or name}`", form(field), default(field), field.description or ""


def _verb(verb: str, kind: type[Verb]) -> str:
    example = kind.example.strip()
    parts = [f"### {verb}\n\n{_sentence(kind)}\n\n```yaml\n{example}\n```\n\n", _table(rows(kind))]
    parts.append(f"\nExits: {', '.join(_exits(kind))}.\n")
    for name, field in kind.model_fields.items():
        inner = _part_in(field.annotation)
        if inner is not None and inner is not SpokenValue:
            parts.append(f"\nIn `{field.alias or name}`:\n\n{_table(rows(inner))}")
    return "".join(parts)


def _exits(kind: type[Verb]) -> Iterator[str]:
    found = False
    for name, field in kind.model_fields.items():
        key = field.alias or name
        if name == "error" or NodeName not in _types_in(field.annotation):
            continue
        found = True
        arguments = get_args(field.annotation)
        if get_origin(field.annotation) is not None and NodeName in arguments[:1] and len(arguments) == 2:
            yield f"`{key}`" if NoneType in arguments else f"each node of `{key}`"
        elif _part_in(field.annotation) is not None:
            yield f"each `then` of `{key}`"
        else:
            yield f"each of `{key}`" if get_origin(field.annotation) is dict else f"`{key}`"
    if not found:
        yield "none; the call ends here" if kind.verb == "hangup" else "none; the flow ends here"
        return
    yield "`error`"


def _types_in(annotation: Any) -> set[Any]:
    found = {annotation} if isinstance(annotation, type) else set()
    for argument in get_args(annotation):
        found |= _types_in(argument)
    inner = annotation if isinstance(annotation, type) and issubclass(annotation, Part) else None
    for field in inner.model_fields.values() if inner is not None and inner is not SpokenValue else ():
        found |= _types_in(field.annotation)
    return found


def _part_in(annotation: Any) -> type[Part] | None:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    parts = (_part_in(argument) for argument in get_args(annotation))
    return next((part for part in parts if part is not None and part is not SpokenValue), None)


def _undocumented(part: type[Part]) -> list[str]:
    missing = [field.alias or name for name, field in part.model_fields.items() if not field.description]
    for name, field in part.model_fields.items() if issubclass(part, Verb) else ():
        inner = _part_in(field.annotation)
        missing += [
            f"{field.alias or name}.{key}" for key in (_undocumented(inner) if inner is not None else ())
        ]
    return missing


def _sentence(kind: type[Verb]) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].split()).replace("``", "`")


def _names() -> Iterator[tuple[str, str]]:
    for root, members in MEMBERS.items():
        yield from ((f"{root}.{name}", MEANINGS[f"{root}.{name}"]) for name in members)
    yield "vars.NAME", "a variable that the flow has set; what a lookup has answered as `vars.NAME.KEY`"
    yield from ((f"queue.NAME.{name}", FIGURES[name]) for name in QUEUE_FIGURES)
    yield "notices", 'the names of the notices that are on: `"outage" in notices`'


def _codes() -> Iterator[str]:
    for group in (YAML, FORM, NAMES, WAYS):
        yield from (f"| `{code}` | {meaning} |\n" for code, meaning in group.items())
    yield from (f"| `{code}` (warning) | {meaning} |\n" for code, meaning in WARNINGS.items())


def _table(of: Iterator[Row]) -> str:
    lines = ["| key | what is written | default | meaning |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in of]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(flow_page())
