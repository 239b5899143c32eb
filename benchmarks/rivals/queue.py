"""The same queue by Asterisk's own app_queue: the same Asterisk, phones and music, and no engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import jinja2

from benchmarks.house import STRAIGHT, House
from benchmarks.report import NotMeasured
from hotline.asterisk.config import write_whole
from hotline.asterisk.prefix import Toolbox
from hotline.control import ControlClient
from hotline.site import Site
from hotline.supervisor import Supervisor, wire

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    autoescape=False,
)


@contextlib.asynccontextmanager
async def queueing(site: Site, toolbox: Toolbox) -> AsyncIterator[House]:
    """Start the site's Asterisk with app_queue in place of the engine, and stop it; `tune` gives it its queue."""
    site.data.mkdir(parents=True)
    supervisor = Supervisor(site, toolbox)
    wiring = wire(site, toolbox, {})
    write_whole(site, wiring, supervisor.layout)
    (supervisor.layout.etc / "extensions.conf").write_text(
        TEMPLATES.get_template("queue_extensions.conf.j2").render(number=STRAIGHT)
    )
    (supervisor.layout.etc / "queues.conf").write_text("[general]\n")
    with (supervisor.layout.etc / "modules.conf").open("a") as modules:
        modules.write("load = app_queue.so\n")
    control = ControlClient(site)
    try:
        await supervisor.asterisk.start(site.settings.ports.ami)
        yield House(site, supervisor, toolbox, wiring.secrets, control)
    finally:
        control.close()
        await supervisor.asterisk.stop()


async def tune(house: House, tuning: Mapping[str, object]) -> None:
    """Give the queue these settings beside the defaults. No caller may be in it."""
    queues = TEMPLATES.get_template("queues.conf.j2").render(
        music=house.site.settings.music,
        tuning=tuning,
        endpoints=[phone.username for phone in house.secrets.phones.values()],
    )
    (house.supervisor.layout.etc / "queues.conf").write_text(queues)
    await asyncio.to_thread(house.supervisor.asterisk.ask, "module reload app_queue.so")
    said = await asyncio.to_thread(house.supervisor.asterisk.ask, "queue show service")
    if "PJSIP/" not in said:
        raise NotMeasured(f"app_queue has not taken its queue in: {said.strip() or 'it says nothing'}")
