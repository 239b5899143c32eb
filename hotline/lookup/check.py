"""What is right in a lookup's keys one by one, but not together; and what the environment lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import text

from hotline.lookup.settings import HttpLookup, Lookup
from hotline.lookup.template import arguments_in, secrets_in
from ivr.reading.problem import Problem, did_you_mean
from ivr.reading.source import Source


def lookup_contradictions(source: Source, lookups: Mapping[str, Lookup]) -> Iterator[Problem]:
    """Find arguments that are used but not declared, or declared but not used, and a body that is not sent."""
    for name, lookup in lookups.items():
        path = ("lookups", name)
        used = list(_used(lookup))
        for key, argument in used:
            if argument not in lookup.arguments:
                message = (
                    f"{argument!r} is not among the `arguments` of this lookup"
                    f"{did_you_mean(argument, lookup.arguments)}"
                )
                yield source.problem((*path, *key), "unknown-argument", message)
        for index, argument in enumerate(lookup.arguments):
            if argument not in {word for _, word in used}:
                message = f"the argument {argument!r} is used nowhere in this lookup; use it or leave it out"
                yield source.problem((*path, "arguments", index), "unused-argument", message)
        if isinstance(lookup, HttpLookup) and lookup.body is not None and lookup.method == "GET":
            message = "a GET carries no body; write `method: POST`, or give the arguments in `query`"
            yield source.problem((*path, "body"), "body-of-get", message)


def missing_secrets(lookup: Lookup, environment: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each variable that a lookup wants from the environment and that is not there, with its key's path."""
    for key, written in lookup.texts():
        for variable in secrets_in(written):
            if not environment.get(variable):
                yield key, variable


def _used(lookup: Lookup) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(lookup, HttpLookup):
        for key, written in lookup.texts():
            yield from ((key, argument) for argument in arguments_in(written))
    else:
        yield from ((("query",), argument) for argument in text(lookup.query).compile().params)
