"""What the site may say of a service that flows ask: over HTTP, or a query to a database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag

from hotline.lookup.template import PLACE, arguments_in, stray_in, texts_in
from ivr.language.duration import Milliseconds
from ivr.language.part import Part

Argument = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,39}$")]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")]

BASE = re.compile(r"(https?://[^/?#@\s]+|\$\{[A-Z_][A-Z0-9_]*\}[^/?#@\s]*)(?=[/?]|$)")
OURS = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "content-encoding", "accept-encoding"}
)
QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
CHANGES = re.compile(r"\b(insert|update|delete|merge|into)\b", re.IGNORECASE)


def _no_stray(text: str) -> str:
    if stray := stray_in(text):
        raise ValueError(
            f"{stray!r} is neither an argument, as {{number}}, nor from the environment, as ${{CRM_TOKEN}}"
        )
    return text


def _address(url: str) -> str:
    base = BASE.match(url)
    if base is None or "#" in url or any(arguments_in(base[0])):
        raise ValueError(
            "write https://HOST/PATH, with arguments in the path alone, as https://crm.example/customers/{number}; "
            "user and password go into `headers`"
        )
    if re.search(r"[{}\s]", stray := PLACE.sub("", url)):
        raise ValueError(f"blanks and single braces cannot stand in an address: {stray!r}")
    return url


def _header(name: str) -> str:
    if name.lower() in OURS:
        raise ValueError(f"the header {name!r} is written by the hotline itself; leave it out")
    return name


def _header_value(text: str) -> str:
    if name := next(arguments_in(text), None):
        raise ValueError(
            f"the argument {name!r} cannot stand in a header; give it in `url`, `query` or `body`"
        )
    return _no_stray(text)


def _body(template: Mapping[str, Any]) -> Mapping[str, Any]:
    for text in texts_in(template):
        _no_stray(text)
    return template


def _reads_only(query: str) -> str:
    bare = QUOTED.sub(" ", query).strip().removesuffix(";")
    if ";" in bare:
        raise ValueError("write one statement; nothing may follow the ;")
    if not re.match(r"(select|with)\b", bare, re.IGNORECASE):
        raise ValueError("a lookup only reads: the query must begin with SELECT or WITH")
    if word := CHANGES.search(bare):
        raise ValueError(
            f"a lookup only reads: {word[0]!r} cannot stand in the query; a column of that name needs quotes"
        )
    return query


def _arguments(names: tuple[str, ...]) -> tuple[str, ...]:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"the argument {twice!r} stands here twice")
    return names


Text = Annotated[str, AfterValidator(_no_stray)]
Arguments = Annotated[tuple[Argument, ...], AfterValidator(_arguments)]
Limit = Annotated[Milliseconds, Field(gt=0, le=30_000)]
Keeping = Annotated[Milliseconds, Field(gt=0, le=86_400_000)]


class HttpLookup(Part):
    """A service that is asked over HTTP, and answers in JSON."""

    url: Annotated[str, AfterValidator(_address)] = Field(
        description="address, with arguments in its path: `https://crm.example/customers/{number}`"
    )
    method: Literal["GET", "POST"] = Field("GET", description="how it is asked")
    headers: Mapping[
        Annotated[Header, AfterValidator(_header)], Annotated[str, AfterValidator(_header_value)]
    ] = Field(default_factory=dict, description="headers of the request; secrets as `${CRM_TOKEN}`")
    query: Mapping[str, Text] = Field(
        default_factory=dict, description="what follows the `?`, by name; arguments as `{number}`"
    )
    body: Annotated[Mapping[str, Any], AfterValidator(_body)] | None = Field(
        None, description="JSON that is sent with a POST; arguments as `{number}` anywhere in its texts"
    )
    arguments: Arguments = Field((), description="what a flow gives, by name")
    answer: str | None = Field(
        None,
        pattern=r"^[^.]+(\.[^.]+)*$",
        description="the part of the answer that counts: `data.customers.0`; the whole when nothing is said",
    )
    retry: bool = Field(
        False, description="ask a POST too a second time after a failure, since asking twice does no harm"
    )
    timeout: Limit = Field(5_000, description="the most that any flow may wait for it")
    cache: Keeping | None = Field(
        None,
        description="an answer is good for so long, for the same arguments; every question is asked when "
        "nothing is said",
    )

    def in_url(self) -> frozenset[str]:
        """Return the arguments that stand in the address, where servers and proxies log them."""
        return frozenset(name for text in (self.url, *self.query.values()) for name in arguments_in(text))

    def texts(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield every text in which arguments or secrets may stand, with the path of its key."""
        yield ("url",), self.url
        yield from ((("headers", name), text) for name, text in self.headers.items())
        yield from ((("query", name), text) for name, text in self.query.items())
        yield from ((("body",), text) for text in texts_in(self.body))


class SqlLookup(Part):
    """A query to a database, which is only read."""

    database: Text = Field(
        description="SQLAlchemy URL, SQLite or PostgreSQL; a SQLite file from this file's folder; secrets as "
        "`${CRM_DATABASE}`"
    )
    query: Annotated[str, AfterValidator(_reads_only)] = Field(
        description="one SELECT, arguments as `:number`: `select name, balance from customers where number = :number`"
    )
    arguments: Arguments = Field((), description="what a flow gives, by name")
    rows: Literal["one", "many"] = Field(
        "one", description="`one`: the answer is a row's columns; `many`: a list of rows, at most 100"
    )
    timeout: Limit = Field(5_000, description="the most that any flow may wait for it")
    cache: Keeping | None = Field(
        None,
        description="an answer is good for so long, for the same arguments; every question is asked when "
        "nothing is said",
    )

    def in_url(self) -> frozenset[str]:
        """Return the arguments that stand in an address: none."""
        return frozenset()

    def texts(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield every text in which secrets may stand, with the path of its key."""
        yield ("database",), self.database


def _kind(written: Any) -> str | None:
    keys = written if isinstance(written, Mapping) else vars(written) if isinstance(written, Part) else ()
    return "sql" if "database" in keys else "http" if "url" in keys else None


Lookup: TypeAlias = Annotated[
    Annotated[HttpLookup, Tag("http")] | Annotated[SqlLookup, Tag("sql")],
    Discriminator(
        _kind,
        custom_error_type="lookup",
        custom_error_message="write a `url` that is asked over HTTP, or a `database` and a `query`",
    ),
]
