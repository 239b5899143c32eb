"""The engine: the one place where everything is built and joined, by hand, and run until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

import structlog

from acd.ami import AmiClient
from acd.distributor import Distributor
from hotline.announcements import Announcements
from hotline.apology import prepare
from hotline.asterisk.prefix import Toolbox, find
from hotline.callbacks import Callbacks
from hotline.calls import Calls
from hotline.chronicle import Chronicle
from hotline.clock import SystemClock
from hotline.control import Control
from hotline.desk import Desk
from hotline.ear import Ear
from hotline.errors import HotlineError
from hotline.figures import LiveFigures, LocalTime
from hotline.flows.endings import Endings
from hotline.flows.shelf import Shelf
from hotline.flows.watch import Watch
from hotline.hands import Hands
from hotline.legs import SeatLegs
from hotline.live.bus import Bus
from hotline.live.lag import LoopLag
from hotline.live.metrics import Metrics
from hotline.live.publisher import Publisher
from hotline.live.pulse import Pulse
from hotline.live.queue_log import QueueLog
from hotline.live.queue_log_line import QueueLogLine
from hotline.live.scrape import Scrape
from hotline.live.screen import definition_of
from hotline.live.tallies import Tallies
from hotline.live.today import Today
from hotline.lookup.live import LiveLookups
from hotline.mailbox import FOLDER as MAILBOX
from hotline.mailbox import SiteMailbox
from hotline.memory import Memory
from hotline.notice_file import FILE, NoticeFile
from hotline.notices import NoticeBoard
from hotline.numbers import AllowedNumbers
from hotline.phone_desk import PhoneDesk
from hotline.pins import Pins, load_pins
from hotline.plan import plan_of
from hotline.secrets import Secrets, load_secrets
from hotline.site import Site
from hotline.spool import Spool
from hotline.switchboard import Switchboard
from hotline.unfinished import Unfinished
from hotline.upkeep.auditor import Auditor
from hotline.upkeep.summing import keep_summed_up
from ivr.agi.server import AgiServer
from ivr.house import House
from ivr.prompts import PromptStore, Speaker
from ledger.events import EngineStarted, EngineStopped
from ledger.journal import Journal
from ledger.writer import LedgerWriter

log = structlog.get_logger(__name__)

SPOOL_S = 2.0
KEPT_SEGMENTS = 4
BESIDE_CALLS = ("nice", "-n", "15")  # prompts are rendered while Asterisk and the engine serve callers


def speaker_of(toolbox: Toolbox) -> Speaker:
    """Return how prompts are spoken with these tools."""
    return Speaker(
        espeak=[*BESIDE_CALLS, *toolbox.command("espeak-ng")],
        sox=[*BESIDE_CALLS, *toolbox.command("sox")],
        environment=toolbox.environment("espeak-ng") | toolbox.environment("sox"),
    )


def broker_login(site: Site, secrets: Secrets) -> dict[str, str | None]:
    """Return what to log in at the broker with: generated for our own, from the environment for another."""
    if site.settings.mqtt is None:
        return {"username": secrets.mqtt_user, "password": secrets.mqtt_password}
    return {
        "username": os.environ.get("HOTLINE_MQTT_USER"),
        "password": os.environ.get("HOTLINE_MQTT_PASSWORD"),
    }


def pins_of(site: Site) -> dict[str, str]:
    """Return the agents' PINs, making those that are lacking."""
    return load_pins(site.data / "pins.json", site.settings.agents)


def _renew(pins: Pins, site: Site) -> None:
    """Give agents who are new a PIN."""
    try:
        pins.renew(pins_of(site))
    except (HotlineError, OSError) as error:
        log.error("new agents have no PIN yet", reason=str(error))  # noqa: TRY400 it says all


@asynccontextmanager
async def _recording(site: Site) -> AsyncIterator[tuple[Journal, LedgerWriter, Memory, Today]]:
    """Open journal and ledger, and remember what was live, and what was counted, when the last engine ended."""
    holder: list[Memory] = [Memory()]
    counted: list[Today] = []
    journal = Journal(
        site.data / "journal", snapshot=lambda: {**holder[0].snapshot(), "today": counted[0].snapshot()}
    )
    with contextlib.closing(journal):
        snapshot, events = journal.replay()
        memory = holder[0] = Memory.recalled(snapshot)
        today = Today.recalled((snapshot or {}).get("today"), definition_of(site), site.zone)
        counted.append(today)
        for _, event in events:
            memory.apply(event)
            today.heard(event)
        writer = LedgerWriter(site.database, journal, site=site.name, node=site.name)
        writer.start()
        try:
            yield journal, writer, memory, today
        finally:
            await asyncio.to_thread(writer.close, 5.0)
            await asyncio.to_thread(journal.sync)


async def run_engine(site: Site, *, stdin_keeps_it: bool = False) -> None:
    """Run until SIGTERM or SIGINT comes. Callers then wait for the next engine, with music.

    ``stdin_keeps_it``: it stops also when its standard input ends, which is when its supervisor has died.

    Raises the errors of flows, prompts, journal, ledger and ports, each with its way out; then nothing is left.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if stdin_keeps_it:
        loop.add_reader(
            sys.stdin.fileno(), lambda: stop.set() if not os.read(sys.stdin.fileno(), 512) else None
        )
    clock = SystemClock()
    toolbox = find()
    secrets = load_secrets(site.data / "secrets.json", site.settings.phones)
    speech = PromptStore(site.data / "prompts", speaker_of(toolbox))
    watch = Watch(
        site.flows, lambda: shelf.take_in()
    )  # from before they are read, so that no change is missed
    async with AsyncExitStack() as stack:
        journal, writer, memory, today = await stack.enter_async_context(_recording(site))
        chronicle = Chronicle(journal, memory, writer.write)
        tallies = Tallies(call.visit for call in memory.calls.values() if call.visit is not None)
        chronicle.listeners += [today.heard, tallies.heard]
        chronicle.record(EngineStarted(at=clock.now(), version=version("hotline")))
        shelf = Shelf(site, speech, clock, chronicle.record, memory)
        await shelf.open()
        endings = Endings(shelf, shelf.ended)
        endings.recall(memory.calls.values())
        chronicle.listeners.append(endings.heard)
        distributor = Distributor(plan_of(site.settings))
        legs = SeatLegs()
        hands = Hands(site, legs)
        switchboard = Switchboard(site, distributor, chronicle, clock, hands.stop_ringing)
        announcements = Announcements(speech)
        await announcements.prepare(site.settings)
        switchboard.offers.whisper = announcements.whisper
        stack.callback(switchboard.close)
        desk = Desk(site, switchboard, chronicle, clock)
        stack.callback(desk.close_down)
        pins = Pins(pins_of(site), clock)
        notices = NoticeBoard(NoticeFile(site.data / FILE), speech, clock, chronicle.record, shelf.languages)
        lookups = LiveLookups(site.settings.lookups, os.environ, site.folder)
        stack.push_async_callback(lookups.close)
        time = LocalTime(clock, site.zone)
        mailbox = SiteMailbox(site.data / MAILBOX, time)
        numbers = AllowedNumbers(site.settings.outbound, clock, site.zone)
        unfinished = Unfinished(mailbox, chronicle, clock)
        await unfinished.find(memory.calls.values(), shelf)
        house = House(
            door=switchboard,
            lookups=lookups,
            numbers=numbers,
            mailbox=mailbox,
            notices=notices,
            figures=LiveFigures(distributor, clock),
            clock=time,
            seats=PhoneDesk(site, switchboard, desk, pins, clock),
        )
        calls = Calls(
            site,
            shelf,
            house,
            switchboard,
            chronicle,
            legs,
            clock,
            lambda phone: secrets.phones[phone].username,
        )
        calls.unheard = unfinished.keep
        phone_of = {secrets.phones[phone].username: phone for phone in site.settings.phones}
        ear = Ear(site, calls, switchboard, legs, hands, clock, phone_of)
        callbacks = Callbacks(site, switchboard, chronicle, clock, numbers, hands, announcements.greeting)
        stack.callback(callbacks.close)
        calls.callbacks = callbacks
        switchboard.callback_asked = callbacks.asked
        switchboard.callback_closed = callbacks.failed
        switchboard.offers.call_back = callbacks.dial
        chronicle.listeners.append(callbacks.heard)
        ear.on_in_step = callbacks.restore
        ear.on_originated = callbacks.originated
        spool = Spool(site.data / "spool", site, calls, chronicle, clock)
        spool.take_in()
        calls.before_end = spool.take_in
        client = AmiClient(
            "127.0.0.1",
            site.settings.ports.ami,
            secrets.ami_user,
            secrets.ami_password,
            on_event=ear.on_event,
            on_connected=ear.on_connected,
            on_lost=ear.on_lost,
        )
        bus = Bus(site.broker, site.name, **broker_login(site, secrets))
        await notices.restore()
        desk.prepare = announcements.prepare
        desk.on_plan += [ear.plan_changed, lambda: _renew(pins, site)]
        desk.adopt()
        control = Control(site, switchboard, chronicle, writer, client, clock, notices, shelf, desk)
        await control.start()
        stack.push_async_callback(control.close)
        lag = LoopLag(tallies.lagged)
        pulse = Pulse(
            clock,
            version("hotline"),
            calls=memory.calls,
            ami=client.statistics,
            ledger=writer.statistics,
            journal=chronicle,
            lag=lag,
        )
        publisher = Publisher(
            bus,
            control.floor,
            today=today,
            notices=notices.listed,
            pulse=pulse,
            clock=clock,
            timezone=site.settings.timezone,
        )
        chronicle.listeners.append(publisher.heard)
        server = AgiServer(calls.serve, port=site.settings.ports.agi)
        metrics = Metrics(
            site.name,
            tallies.registry,
            floor=control.floor,
            today=today,
            pulse=pulse,
            bus=bus.statistics,
            sessions=lambda: server.statistics().open,
            clock=clock,
        )
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(bus.run()),
                tasks.create_task(publisher.run()),
                tasks.create_task(lag.run()),
                tasks.create_task(Auditor(site, clock).run()),
                tasks.create_task(keep_summed_up(site, clock)),
                tasks.create_task(prepare(speech, site.data / "apology", first=site.settings.away.language)),
                tasks.create_task(client.run()),
                tasks.create_task(ear.watch()),
                tasks.create_task(watch.run()),
                tasks.create_task(shelf.run()),
                tasks.create_task(_keep_house(spool, chronicle, journal, writer)),
            ]
            if site.settings.queue_log:
                queue_log = QueueLogLine(QueueLog(desk.queues_of, memory.calls.values()), client.action)
                chronicle.listeners.append(queue_log.heard)
                running.append(tasks.create_task(queue_log.run()))
            if site.settings.ports.metrics is not None:
                running.append(tasks.create_task(Scrape(metrics.text, site.settings.ports.metrics).run()))
            try:
                await _first(stop, ear.in_step)
                if not stop.is_set():
                    await server.start()  # only now: callers come back to an engine that knows its seats
                    control.ready = True
                    log.info("engine ready", calls=len(memory.calls))
                    await stop.wait()
            finally:
                await server.close()
                for task in running:
                    task.cancel()
        await shelf.judge()
        chronicle.record(EngineStopped(at=clock.now()))
        log.info("engine stopped")


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _keep_house(spool: Spool, chronicle: Chronicle, journal: Journal, writer: LedgerWriter) -> None:
    """Take in the spool, write what a full disk held back, and drop journal segments that the ledger has."""
    pruned = 0
    while True:
        await asyncio.sleep(SPOOL_S)
        spool.take_in()
        chronicle.catch_up()
        position = writer.position
        if position is not None and position.segment != pruned:
            journal.prune(position, keep=KEPT_SEGMENTS)
            pruned = position.segment
