"""What the site may say of lookups: every mistake at its place, with the way out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotline.preflight import check_secrets
from ivr.reading.problem import SourceErrors
from tests.unit.test_site import ROOT, problems_with, site_with

HTTP: dict[str, Any] = {"url": "https://crm.example/customers/{number}", "arguments": ["number"]}
SQL: dict[str, Any] = {
    "database": "sqlite:///crm.sqlite",
    "query": "select name from customers where number = :number",
    "arguments": ["number"],
}


def test_a_lookup_is_http_or_sql_by_what_it_names(tmp_path: Path) -> None:
    lookups = site_with(tmp_path, {"lookups": {"crm": HTTP, "base": SQL}}).settings.lookups
    assert [type(lookups[name]).__name__ for name in ("crm", "base")] == ["HttpLookup", "SqlLookup"]


def test_arguments_in_address_and_query_are_told_apart_from_those_in_the_body(tmp_path: Path) -> None:
    crm = HTTP | {
        "method": "POST",
        "query": {"q": "{area}"},
        "body": {"card": "{card}"},
        "arguments": ["number", "area", "card"],
    }
    lookups = site_with(tmp_path, {"lookups": {"crm": crm, "base": SQL}}).settings.lookups
    assert lookups["crm"].in_url() == {"number", "area"}
    assert lookups["base"].in_url() == frozenset()


@pytest.mark.parametrize(
    ("written", "path", "words"),
    [
        ({"uri": "x"}, "crm", "write a `url` that is asked over HTTP, or a `database`"),
        (HTTP | {"methd": "GET"}, "crm.methd", "unknown key 'methd'; did you mean 'method'?"),
        (HTTP | {"method": "PUT"}, "crm.method", "write one of GET, POST"),
        (HTTP | {"url": "ftp://crm/{number}"}, "crm.url", "write https://HOST/PATH"),
        (HTTP | {"url": "https://{number}.example/"}, "crm.url", "with arguments in the path alone"),
        (HTTP | {"url": "https://u:p@crm/{number}"}, "crm.url", "user and password go into `headers`"),
        (HTTP | {"url": "https://crm/{number}#x"}, "crm.url", "write https://HOST/PATH"),
        (HTTP | {"url": "https://crm/{Number}"}, "crm.url", "single braces cannot stand in an address"),
        (HTTP | {"url": "https://crm/a b/{number}"}, "crm.url", "blanks"),
        (HTTP | {"url": "https://crm/{nummber}"}, "crm.url", "did you mean 'number'?"),
        (
            HTTP | {"headers": {"A": "{number}"}},
            "crm.headers.A",
            "cannot stand in a header; give it in `url`",
        ),
        (HTTP | {"headers": {"A": "${token}"}}, "crm.headers.A", "'${token}' is neither an argument"),
        (
            HTTP | {"headers": {"host": "x"}},
            "crm.headers.host",
            "written by the hotline itself; leave it out",
        ),
        (HTTP | {"headers": {"A B": "x"}}, "crm.headers.A B", "it must have the form"),
        (HTTP | {"query": {"q": "{Number}"}}, "crm.query.q", "'{Number}' is neither an argument"),
        (HTTP | {"query": {"q": "{area}"}}, "crm.query.q", "'area' is not among the `arguments`"),
        (HTTP | {"body": {"a": 1}}, "crm.body", "a GET carries no body; write `method: POST`"),
        (HTTP | {"method": "POST", "body": {"a": ["${x}"]}}, "crm.body", "'${x}' is neither an argument"),
        (HTTP | {"method": "POST", "body": {"a": ["{x}"]}}, "crm.body", "'x' is not among the `arguments`"),
        (
            HTTP | {"arguments": ["number", "area"]},
            "crm.arguments.1",
            "'area' is used nowhere in this lookup",
        ),
        (HTTP | {"arguments": ["number", "number"]}, "crm.arguments", "stands here twice"),
        (HTTP | {"arguments": ["Number"]}, "crm.arguments.0", "it must have the form"),
        (HTTP | {"timeout": "5m"}, "crm.timeout", "it must be at most 30000"),
        (HTTP | {"cache": "0s"}, "crm.cache", "it must be more than 0"),
        (HTTP | {"answer": "a..b"}, "crm.answer", "it must have the form"),
        (SQL | {"query": "delete from customers"}, "crm.query", "must begin with SELECT or WITH"),
        (
            SQL | {"query": "with x as (delete from c returning 1) select 1"},
            "crm.query",
            "'delete' cannot stand in the query",
        ),
        (SQL | {"query": "select 1; select 2"}, "crm.query", "write one statement"),
        (SQL | {"query": "select name from c where n = :nummer"}, "crm.query", "did you mean 'number'?"),
        (SQL | {"query": "select 1"}, "crm.arguments.0", "'number' is used nowhere"),
        (SQL | {"rows": "all"}, "crm.rows", "write one of one, many"),
    ],
)
def test_a_mistake_is_told_at_its_place_with_the_way_out(
    tmp_path: Path, written: dict[str, Any], path: str, words: str
) -> None:
    problems = problems_with(tmp_path, {"lookups": {"crm": written}})
    assert [problem for problem in problems if problem.path == f"lookups.{path}" and words in problem.message]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT name FROM customers WHERE number = :number;",
        "with c as (select * from customers) select name from c where number = :number",
        "select \"update\", 'delete; insert' from c where number = :number -- into; x",
        "select replace(name, 'a', 'b'), updated from c where number = cast(:number as text)",
        "select name from c where number = (:number)::text /* drop; */",
    ],
)
def test_a_query_that_reads_is_right(tmp_path: Path, query: str) -> None:
    assert site_with(tmp_path, {"lookups": {"base": SQL | {"query": query}}})


@pytest.mark.parametrize(
    "url", ["${BASE}/x/{number}", "http://[::1]:8080/{number}", "https://crm.example?n={number}"]
)
def test_an_address_with_the_argument_behind_the_host_is_right(tmp_path: Path, url: str) -> None:
    assert site_with(tmp_path, {"lookups": {"crm": HTTP | {"url": url}}})


def test_the_examples_of_the_page_are_right(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "lookups.md").read_text()
    examples = [yaml.safe_load(text)["lookups"] for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    assert [len(site_with(tmp_path, {"lookups": example}).settings.lookups) for example in examples] == [2, 2]


def test_every_secret_that_the_environment_lacks_is_told_at_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_THERE", "x")
    monkeypatch.delenv("CRM_TOKEN", raising=False)
    monkeypatch.setenv("CRM_DATABASE", "")
    crm = HTTP | {"headers": {"Authorization": "Bearer ${CRM_TOKEN}", "X-There": "${CRM_THERE}"}}
    site = site_with(tmp_path, {"lookups": {"crm": crm, "base": SQL | {"database": "${CRM_DATABASE}"}}})
    with pytest.raises(SourceErrors) as caught:
        check_secrets(site)
    told = [(problem.path, problem.message) for problem in caught.value.problems]
    assert told == [
        (
            "lookups.crm.headers.Authorization",
            "this wants CRM_TOKEN from the environment, where it is not: set it",
        ),
        ("lookups.base.database", "this wants CRM_DATABASE from the environment, where it is not: set it"),
    ]
