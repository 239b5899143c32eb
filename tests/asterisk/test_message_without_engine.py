"""A message that is being left when the engine is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from hotline.asterisk.prefix import Toolbox
from hotline.site import Site, load_site
from tests.asterisk.conftest import opened, write_site
from tests.asterisk.handset import Callers

FLOW = """\
flow: straight
languages: [en]
start: message
prompts:
  ask: {en: Speak.}
nodes:
  message: {voicemail: ask, box: sales, silence: null, next: bye}
  bye: {hangup: null}
"""


def site_with_voicemail(folder: Path) -> Site:
    """Write a site whose number 10001 takes messages."""
    site = write_site(folder)
    (site.flows / "straight.yaml").write_text(FLOW)
    return load_site(site.file)


async def begins(site: Site) -> None:
    """Wait until the recording has its file."""
    for _ in range(100):
        if list((site.data / "voicemail").rglob("*.wav")):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("nothing is recorded")


async def test_a_message_is_kept_though_the_engine_is_killed_while_it_is_left(
    tmp_path: Path, toolbox: Toolbox
) -> None:
    """The caller speaks on, presses the key that ends it, and comes back to the prompt; he leaves it at that."""
    site = site_with_voicemail(tmp_path)
    async with opened(site, toolbox) as house:
        with house.ledger() as ledger:
            callers = Callers(house, ledger)
            async with callers.calls(("13900000001", "10001"), leaves_after_ms=10_000) as (caller,):
                await caller.at("message")
                await begins(site)
                await caller.speak(3000)
                os.kill(int((site.data / "run" / "engine.pid").read_text()), signal.SIGKILL)
                await caller.speak(2000)
                await caller.press("#")
                await caller.at("message", times=2)
                await caller.ends()
            longest = max(callers.recordings(caller), key=lambda one: one.seconds)
            assert (longest.box, longest.recording_kind) == ("sales", "voicemail")
            assert longest.seconds > 3.5
            assert callers.loudest(longest) > 5000
