"""The page of the ledger: whole, and up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger import reference, words
from ledger.consistency import Period, checks
from ledger.reference import page, picture
from ledger.rollup_schema import rollups

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    """Renew it with ``python -m ledger.reference > docs/ledger.md``."""
    assert (ROOT / "docs" / "ledger.md").read_text() == page()


def test_a_table_or_column_that_nobody_has_described_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = words.TABLES["calls"]
    told = dict(calls.columns)
    del told["trunk"]
    monkeypatch.setitem(reference.TABLES, "calls", calls._replace(columns=told))  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="trunk"):
        page()
    monkeypatch.setitem(reference.TABLES, "calls", calls._replace(columns=told | {"trunk": "", "lorry": ""}))
    with pytest.raises(KeyError, match="calls has no column lorry"):
        page()
    monkeypatch.delitem(reference.TABLES, "calls")
    with pytest.raises(KeyError, match="calls"):
        page()


def test_the_picture_has_every_table_and_says_what_belongs_to_what() -> None:
    lines = list(picture(rollups.metadata.sorted_tables))
    assert {line.removesuffix(" {") for line in lines if line.endswith(" {")} == set(rollups.metadata.tables)
    for line in (
        "calls ||--o{ visits : call",
        "visits ||--o{ offers : visit",
        "offers ||--o{ rings : offer",
        "visits ||--o| conversations : visit",
        "calls ||--o{ callbacks : call",
        "callbacks ||--o{ callback_tries : callback",
    ):
        assert line in lines


def test_every_check_of_the_audit_is_on_the_page() -> None:
    known = {check.name for check in checks(Period(0, 1, 1))}
    for module in ("audit", "reconciliation"):
        told = re.findall(r'Difference\(\s*f?"([^"]+)"', (ROOT / "ledger" / f"{module}.py").read_text())
        known |= {name.format(word=word) for name in told for word in ("began", "ended")}
    assert known == set(words.CHECKS)
