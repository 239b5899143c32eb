"""Our own calls in Asterisk's queue_log, and what such a log amounts to when it is imported elsewhere."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from hotline.asterisk.prefix import Toolbox
from hotline.site import load_site
from ledger.history.intake import take_queue_log
from ledger.reader import LedgerReader
from tests.asterisk.conftest import opened, write_site

ALL = (0, 2**62)


class Unwatched:
    """Nobody is told how far it has come."""

    def begin(self, step: str, total: float) -> None:
        """Begin."""

    def reached(self, done: float) -> None:
        """Go on."""


async def test_the_queue_log_tells_of_our_calls_what_the_ledger_does(
    tmp_path: Path, toolbox: Toolbox
) -> None:
    site = write_site(tmp_path)
    site.file.write_text(site.file.read_text() + "queue_log: true\n")
    async with opened(load_site(site.file), toolbox) as house:
        await house.seat_phone("6001", rings_ms=100, talks_ms=1200)
        await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready")
        await house.exchange.call("10001", [("bye", 15_000)]).wait(20)
        await house.control.ask("not-ready", seat="ann", reason="lunch")
        await house.exchange.call("10001", [("wait", 1500), ("hangup", 0)]).wait(20)
        await house.quiet()
        with house.ledger() as ledger:
            own = [(visit.queue, visit.outcome) for visit in ledger.visits(*ALL)]
    file = site.data / "asterisk" / "logs" / "queue_log"
    kinds = [line.split("|")[4] for line in file.read_text().splitlines()]
    assert kinds.count("ENTERQUEUE") == 2
    assert {"QUEUESTART", "ADDMEMBER", "CONNECT", "COMPLETEAGENT", "PAUSE", "ABANDON"} <= set(kinds)
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    taken = take_queue_log(elsewhere, "copy", [str(file)], Unwatched())
    assert list(taken.tally.skipped) == []
    with closing(LedgerReader(elsewhere)) as reader:
        assert [(visit.queue, visit.outcome) for visit in reader.visits(*ALL)] == own
