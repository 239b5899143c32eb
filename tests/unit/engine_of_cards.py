"""The engine's control socket on a house of cards, and commands said to it as a person does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, closing
from pathlib import Path

from typer.testing import CliRunner, Result

from hotline.cli import app
from hotline.control import Control
from hotline.desk import Desk
from hotline.flows.shelf import Shelf
from hotline.notice_file import FILE, NoticeFile
from hotline.notices import NoticeBoard
from ivr.call import Sound
from ivr.language.flow import FlowSet
from ivr.language.prompt import Spoken
from ledger.events import Event
from ledger.journal import Journal
from ledger.writer import LedgerWriter
from tests.unit.house_of_cards import Cards


class Silence:
    """Speech that nobody has to render."""

    async def prepare(self, flows: FlowSet) -> None:
        """Do nothing."""

    async def prepare_all(self, prompts: Collection[Spoken]) -> None:
        """Do nothing."""

    def sound(self, spoken: Spoken) -> Sound:
        """Return a sound without a file."""
        return Sound(Path("none.wav"), spoken.text, 1.0)


@asynccontextmanager
async def engine(cards: Cards, flows: Shelf | None = None) -> AsyncIterator[Control]:
    """Answer on the site's control socket; without ``flows`` none is live."""
    notices = NoticeBoard(
        NoticeFile(cards.site.data / FILE),
        Silence(),
        cards.clock,
        cards.chronicle.record,
        lambda: {"en", "zh"},
    )
    cards.site.data.mkdir(exist_ok=True)
    await notices.restore()
    control = Control(
        cards.site,
        cards.board,
        cards.chronicle,
        None,  # type: ignore[arg-type]  # nobody asks for the writer's health
        None,  # type: ignore[arg-type]  # nor for AMI's
        cards.clock,
        notices,
        Shelf(cards.site, Silence(), cards.clock, cards.chronicle.record, cards.memory)
        if flows is None
        else flows,
        desk := Desk(cards.site, cards.board, cards.chronicle, cards.clock),
    )
    await control.start()
    try:
        yield control
    finally:
        desk.close_down()
        await control.close()


async def say(folder: Path, *words: str) -> Result:
    """Say a command of the site in a folder, beside the engine."""
    return await asyncio.to_thread(say_alone, folder, *words)


def say_alone(folder: Path, *words: str) -> Result:
    """Say a command of the site in a folder where no engine runs."""
    environment = {"HOTLINE_CONFIG": str(folder / "config.yaml"), "COLUMNS": "200"}
    return CliRunner().invoke(app, list(words), env=environment)


def store(cards: Cards, *events: Event) -> None:
    """Put events into the site's ledger."""
    cards.site.data.mkdir(exist_ok=True)
    with closing(Journal(cards.site.data / "journal")) as journal:
        writer = LedgerWriter(cards.site.database, journal, site=cards.site.name, node=cards.site.name)
        writer.start()
        for event in events:
            writer.write(journal.append(event), event)
        assert writer.close()
