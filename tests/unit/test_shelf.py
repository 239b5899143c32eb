"""The versions of the flows: what a save, a mistake, a restart and a person's wish make of them."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Collection
from pathlib import Path

import pytest

from hotline.errors import HotlineError
from hotline.flows.aside import aside
from hotline.flows.canary import ENOUGH, FEWEST
from hotline.flows.endings import Ending, Endings
from hotline.flows.live_file import FILE, FOLDER
from hotline.flows.shelf import FlowRefused, Shelf
from hotline.flows.watch import Watch, stamp_of
from hotline.site import load_site
from hotline.site_names import names_of
from ivr.call import Sound
from ivr.language.flow import FlowSet
from ivr.language.prompt import Spoken
from ivr.prompts import PromptError, PromptErrors
from ivr.reading.loader import load_flows
from ivr.reading.problem import SourceErrors
from ledger.events import CallBegan, CallEnded, FlowLive
from tests.unit.engine_of_cards import engine, say, say_alone
from tests.unit.house_of_cards import CONFIG, Cards

MAIN = """\
flow: main
languages: [en]
start: menu
{more}
prompts: {{hello: {{en: "{hello}"}}}}
nodes:
  menu: {{play: hello, next: ask}}
  ask: {{flow: ask, next: queue}}
  queue: {{queue: billing, answered: end, otherwise: end}}
  end: {{hangup: }}
"""
ASK = """\
flow: ask
languages: [en]
start: ask
{more}
prompts: {{ask: {{en: "{ask}"}}}}
nodes:
  ask: {{play: ask, next: back}}
  back: {{return: }}
"""
OTHER = """\
flow: other
languages: [en]
start: end
prompts: {bye: {en: {sound: recorded/bye.wav, text: Bye.}}}
nodes:
  end: {hangup: bye}
"""


class Voice:
    """Speech without sound; it waits, or fails, when told to."""

    def __init__(self) -> None:
        self.prepared: list[FlowSet] = []
        self.may_speak = asyncio.Event()
        self.may_speak.set()
        self.waits = asyncio.Event()
        self.fails_at: str | None = None

    async def prepare(self, flows: FlowSet) -> None:
        """Make the sounds."""
        self.waits.set()
        await self.may_speak.wait()
        for spoken in flows.sounds():
            assert spoken.sound is None or spoken.sound.is_file()
            if self.fails_at is not None and self.fails_at in spoken.text:
                raise PromptErrors([PromptError(spoken, "espeak-ng failed")])
        self.prepared.append(flows)

    async def prepare_all(self, prompts: Collection[Spoken]) -> None:
        """Do nothing."""

    def sound(self, spoken: Spoken) -> Sound:
        """Return a sound without a file."""
        return Sound(Path("none.wav"), spoken.text, 1.0)


class Live:
    """A shelf over a folder of flows, beside a house of cards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "flows" / "recorded").mkdir(parents=True)
        (folder / "flows" / "recorded" / "bye.wav").write_bytes(b"recorded")
        self.main()
        self.ask()
        self.write("other.yaml", OTHER)
        self.cards = Cards(folder)
        config = CONFIG.replace(
            "main, language: en}", 'main, language: en}, "10001": {flow: other, language: en}'
        )
        (folder / "config.yaml").write_text(config)
        self.cards.site = load_site(folder / "config.yaml")
        self.voice = Voice()
        self.shelf = self.made()

    def made(self) -> Shelf:
        """A shelf as an engine that starts now has it."""
        cards = self.cards
        return Shelf(cards.site, self.voice, cards.clock, cards.chronicle.record, cards.memory)

    async def restarted(self) -> Shelf:
        """The engine dies and another begins."""
        self.shelf = self.made()
        await self.shelf.open()
        return self.shelf

    def write(self, name: str, text: str) -> None:
        """Save a file."""
        (self.folder / "flows" / name).write_text(text)

    def main(self, hello: str = "Hello.", more: str = "") -> None:
        """Save the main flow."""
        self.write("main.yaml", MAIN.format(hello=hello, more=more))

    def ask(self, ask: str = "What?", more: str = "") -> None:
        """Save the flow that it calls."""
        self.write("ask.yaml", ASK.format(ask=ask, more=more))

    async def save(self, hello: str, more: str = "") -> None:
        """Save the main flow, and let it be taken in."""
        self.cards.clock.time += 1000
        self.main(hello, more)
        await self.shelf.take_in()

    def version(self, caller: str = "139", flow: str = "main") -> str:
        """What a new call runs on."""
        served = self.shelf.choose(flow, caller)
        assert served is not None
        return served.version

    def said(self, caller: str = "139") -> str:
        """What a new call hears first."""
        served = self.shelf.choose("main", caller)
        assert served is not None
        (piece,) = served.set.spoken["main", "hello", "en"]
        assert isinstance(piece, Spoken)
        return piece.text

    def events(self) -> list[tuple[str, str, str]]:
        """What the ledger was told."""
        return [(e.flow, e.how, e.version) for e in self.cards.journal.events if isinstance(e, FlowLive)]

    def call(self, call: str, version: str, flow: str = "main") -> None:
        """Let a call begin on a version."""
        self.cards.chronicle.record(
            CallBegan(
                at=self.cards.clock.now(), call=call, ani="139", dnis="10000", trunk="line",
                flow=flow, flow_version=version, language="en",
            )
        )  # fmt: skip

    async def hear(self, version: str, calls: int, *, failed: int = 0) -> None:
        """Let calls on a version end, some with an error."""
        for n in range(calls):
            self.shelf.ended(Ending("main", version, self.cards.clock.now(), n < failed, early=False))
        await self.shelf.judge()


@pytest.fixture
async def live(tmp_path: Path) -> Live:
    made = Live(tmp_path)
    await made.shelf.open()
    return made


# Saving


async def test_at_the_first_start_what_the_folder_holds_goes_live(live: Live) -> None:
    assert live.said() == "Hello."
    assert [event[:2] for event in live.events()] == [("main", "started"), ("other", "started")]


async def test_a_saved_flow_is_live_for_the_next_call_and_told_to_the_ledger(live: Live) -> None:
    await live.save("Good day.")
    assert live.said() == "Good day."
    assert live.events()[2:] == [("main", "saved", live.version())]


async def test_a_call_that_has_begun_keeps_the_set_that_it_began_on(live: Live) -> None:
    before = live.shelf.choose("main", "139")
    await live.save("Good day.")
    assert before is not None
    assert before.set.spoken["main", "hello", "en"][0].text == "Hello."  # type: ignore[union-attr]
    assert before.version != live.version()


async def test_what_was_not_saved_keeps_its_version_and_its_beginning(live: Live) -> None:
    before = live.shelf.listed()["flows"][1]
    await live.save("Good day.")
    assert live.shelf.listed()["flows"][1] == before
    assert before["flow"] == "other"


async def test_saving_a_flow_that_another_calls_makes_a_new_version_of_that_other(live: Live) -> None:
    before = live.version()
    live.ask("Who are you?")
    await live.shelf.take_in()
    assert live.version() != before
    assert live.events()[-1][:2] == ("main", "saved")


async def test_saving_without_a_change_is_no_event(live: Live) -> None:
    await live.save("Hello.")
    assert len(live.events()) == 2


async def test_a_wrong_file_leaves_the_old_version_live_and_its_place_is_told(live: Live) -> None:
    before = live.version()
    live.write("main.yaml", MAIN.format(hello="Good day.", more="").replace("next: ask", "next: asks"))
    await live.shelf.take_in()
    assert live.version() == before
    (line,) = live.shelf.trouble
    assert "main.yaml:7:29: nodes.menu.next: unknown node 'asks'; did you mean 'ask'?" in line


async def test_a_version_that_cannot_be_kept_does_not_go_live_and_the_folder_is_named(live: Live) -> None:
    content = live.folder / "var" / "flows" / "content"
    shutil.rmtree(content)
    content.write_text("in the way")
    await live.save("Hi.")
    assert live.said() == "Hello."
    (trouble,) = live.shelf.trouble
    assert trouble.startswith(f"{content.parent} cannot be written: ")
    assert trouble.endswith("make room there, or set its rights, and save again")


async def test_what_an_editor_leaves_in_the_folder_holds_nothing_up(live: Live) -> None:
    """Emacs marks a file that is being edited by a link that leads nowhere, vim by a hidden file."""
    (live.folder / "flows" / ".#ask.yaml").symlink_to("somebody@somewhere.4711")
    (live.folder / "flows" / ".main.yaml").write_bytes(b"b0VIM 8.2")
    await live.save("Hi.")
    assert live.said() == "Hi."
    assert live.shelf.trouble == ()


async def test_what_is_no_file_is_told_by_its_place(live: Live) -> None:
    (live.folder / "flows" / "old.yaml").mkdir()
    await live.save("Hi.")
    assert live.said() == "Hello."
    (trouble,) = live.shelf.trouble
    assert "old.yaml:1:1: cannot read this file: is a directory" in str(trouble)


async def test_trouble_is_over_when_the_file_is_right_again(live: Live) -> None:
    live.write("main.yaml", "flow: [")
    await live.shelf.take_in()
    assert live.shelf.trouble
    await live.save("Good day.")
    assert (live.shelf.trouble, live.said()) == ((), "Good day.")


async def test_a_flow_that_a_number_leads_to_must_not_vanish(live: Live) -> None:
    (live.folder / "flows" / "other.yaml").unlink()
    await live.shelf.take_in()
    assert live.shelf.choose("other", "139") is not None
    assert "numbers.10001.flow: there is no flow 'other'" in live.shelf.trouble[0]


async def test_a_flow_is_live_only_after_all_its_prompts_are_rendered(live: Live) -> None:
    live.voice.may_speak.clear()
    live.voice.waits.clear()
    live.main("Good day.")
    taking = asyncio.create_task(live.shelf.take_in())
    await live.voice.waits.wait()
    assert live.said() == "Hello."
    live.voice.may_speak.set()
    await taking
    assert live.said() == "Good day."


async def test_a_prompt_that_cannot_be_rendered_leaves_the_old_version_live_and_is_told(live: Live) -> None:
    live.voice.fails_at = "Good day."
    await live.save("Good day.")
    assert live.said() == "Hello."
    assert live.shelf.trouble == ("prompt 'hello' (en): espeak-ng failed",)


async def test_a_fault_in_the_program_that_reads_flows_leaves_the_old_version_live(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> FlowSet:
        raise ZeroDivisionError

    monkeypatch.setattr("hotline.flows.loaded.read_flows", broken)
    await live.save("Good day.")
    assert live.said() == "Hello."
    assert "the program itself failed" in live.shelf.trouble[0]


async def test_a_recording_is_played_from_where_it_cannot_be_overwritten(live: Live) -> None:
    served = live.shelf.choose("other", "139")
    assert served is not None
    (bye,) = served.set.spoken["other", "bye", "en"]
    (live.folder / "flows" / "recorded" / "bye.wav").write_bytes(b"another")
    assert isinstance(bye, Spoken)
    assert bye.sound is not None
    assert bye.sound.read_bytes() == b"recorded"


async def test_a_new_recording_is_a_new_version(live: Live) -> None:
    before = live.version(flow="other")
    (live.folder / "flows" / "recorded" / "bye.wav").write_bytes(b"another")
    await live.shelf.take_in()
    assert live.version(flow="other") != before


async def test_a_recording_outside_the_folder_is_refused_since_it_cannot_be_kept(live: Live) -> None:
    (live.folder / "bye.wav").write_bytes(b"outside")
    live.write("other.yaml", OTHER.replace("recorded/bye.wav", "../bye.wav"))
    await live.shelf.take_in()
    assert "move the recording into that folder" in live.shelf.trouble[0]


# Restarts


async def test_a_restart_without_a_change_is_no_event_and_since_stays(live: Live) -> None:
    before = live.shelf.listed()
    live.cards.clock.time += 5000
    shelf = await live.restarted()
    assert shelf.listed() == before
    assert len(live.events()) == 2


async def test_a_flow_that_was_saved_while_the_engine_was_away_goes_live_at_its_start(live: Live) -> None:
    live.main("Good day.")
    await live.restarted()
    assert live.said() == "Good day."
    assert live.events()[2:] == [("main", "started", live.version())]


async def test_with_nonsense_in_the_folder_an_engine_starts_with_what_was_live(live: Live) -> None:
    await live.save("Good day.")
    version = live.version()
    live.write("main.yaml", "nonsense")
    await live.restarted()
    assert (live.said(), live.version()) == ("Good day.", version)
    assert "main.yaml" in live.shelf.trouble[0]


async def test_with_nonsense_in_the_folder_the_first_start_is_refused(tmp_path: Path) -> None:
    first = Live(tmp_path)
    first.write("main.yaml", "nonsense")
    with pytest.raises(SourceErrors):
        await first.shelf.open()


async def test_a_call_of_a_former_engine_goes_on_with_its_own_version(live: Live) -> None:
    old = live.version()
    live.call("c1", old)
    await live.save("Good day.")
    shelf = await live.restarted()
    served = shelf.kept("main", old)
    assert served is not None
    assert (served.version, served.set.versions["main"]) == (old, old)
    assert served.set.spoken["main", "hello", "en"][0].text == "Hello."  # type: ignore[union-attr]
    assert live.said() == "Good day."


async def test_a_version_with_a_recording_is_the_same_when_it_is_loaded_again(live: Live) -> None:
    old = live.version(flow="other")
    live.call("c1", old, flow="other")
    (live.folder / "flows" / "recorded" / "bye.wav").write_bytes(b"another")
    shelf = await live.restarted()
    served = shelf.kept("other", old)
    assert served is not None
    assert served.set.versions == {"other": old}
    (bye,) = served.set.spoken["other", "bye", "en"]
    assert isinstance(bye, Spoken)
    assert bye.sound is not None
    assert bye.sound.read_bytes() == b"recorded"


async def test_a_version_that_no_call_is_on_any_more_is_let_go_from_memory(live: Live) -> None:
    old = live.version()
    live.call("c1", old)
    await live.save("Good day.")
    kept = live.shelf.kept("main", old)
    assert kept is not None
    assert kept.version == old
    live.cards.chronicle.record(CallEnded(at=live.cards.clock.now(), call="c1", outcome="flow-ended"))
    await live.save("Good evening.")
    kept = live.shelf.kept("main", old)
    assert kept is not None
    assert kept.version == live.version()


async def test_a_call_whose_version_is_lost_goes_on_with_the_live_one(live: Live) -> None:
    old = live.version()
    live.call("c1", old)
    await live.save("Good day.")
    (live.cards.site.data / FOLDER / "versions" / "main" / f"{old}.json").unlink()
    shelf = await live.restarted()
    served = shelf.kept("main", old)
    assert served is not None
    assert served.version == live.version()


async def test_a_kept_file_that_was_tampered_with_is_not_used(live: Live) -> None:
    old = live.version()
    live.call("c1", old)
    await live.save("Good day.")
    for file in (live.cards.site.data / FOLDER / "content").glob("*.yaml"):
        file.write_bytes(file.read_bytes().replace(b"Hello.", b"Hallo."))
    shelf = await live.restarted()
    served = shelf.kept("main", old)
    assert served is not None
    assert served.version == live.version()


async def test_a_spoilt_file_of_what_is_live_is_set_aside_and_the_folder_counts(live: Live) -> None:
    file = live.cards.site.data / FOLDER / FILE
    file.write_text("{")
    await live.restarted()
    assert live.said() == "Hello."
    assert file.with_suffix(".bad").read_text() == "{"


async def test_a_full_disk_leaves_the_old_version_live(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(live.shelf._file, "write", full)
    await live.save("Good day.")
    assert live.said() == "Hello."
    assert "no space left on device" in live.shelf.trouble[0]


# Rolling back


async def test_a_rollback_brings_the_version_before_and_a_restart_keeps_it(live: Live) -> None:
    await live.save("Good day.")
    await live.shelf.roll_back("main", "li")
    assert live.said() == "Hello."
    await live.restarted()
    assert live.said() == "Hello."
    assert live.events()[-1] == ("main", "rolled-back", live.version())


async def test_after_a_rollback_the_next_save_goes_live(live: Live) -> None:
    await live.save("Good day.")
    await live.shelf.roll_back("main", "li")
    await live.save("Good evening.")
    assert live.said() == "Good evening."


async def test_a_second_rollback_undoes_the_first(live: Live) -> None:
    await live.save("Good day.")
    await live.shelf.roll_back("main", "li")
    await live.shelf.roll_back("main", "li")
    assert live.said() == "Good day."


async def test_one_may_go_back_to_any_version_that_was_live(live: Live) -> None:
    first = live.version()
    await live.save("Good day.")
    await live.save("Good evening.")
    await live.shelf.roll_back("main", "li", first)
    assert live.said() == "Hello."


@pytest.mark.parametrize(
    ("flow", "version", "words"),
    [
        ("man", "", "no number leads to a flow 'man'; did you mean 'main'?"),
        ("ask", "", "no number leads to 'ask'; it changes as a part of main: name that"),
        ("main", "", "no version has been live before"),
        ("main", "000000000000", "not, or not wholly, among the versions kept"),
        ("main", "../../../live", "not, or not wholly, among the versions kept"),
    ],
)
async def test_a_rollback_that_cannot_be_is_refused_and_nothing_changes(
    live: Live, flow: str, version: str, words: str
) -> None:
    before = live.shelf.listed()
    with pytest.raises(FlowRefused, match=words):
        await live.shelf.roll_back(flow, "li", version)
    assert live.shelf.listed() == before


# Canaries

TENTH = "canary: 10%"


def lucky(live: Live) -> tuple[str, str]:
    """A caller who gets the canary, and one who does not."""
    versions = {f"139{n}": live.version(f"139{n}") for n in range(100)}
    usual = max(set(versions.values()), key=list(versions.values()).count)
    chosen = next(caller for caller, version in versions.items() if version != usual)
    return chosen, next(caller for caller, version in versions.items() if version == usual)


async def test_a_canary_serves_a_share_of_the_callers_and_the_old_version_the_others(live: Live) -> None:
    await live.save("Good day.", TENTH)
    chosen, other = lucky(live)
    assert (live.said(chosen), live.said(other)) == ("Good day.", "Hello.")
    assert live.events()[-1][:2] == ("main", "canary")


async def test_a_canary_in_a_flow_that_is_called_is_tried_by_the_callers_of_the_flow_that_calls(
    live: Live,
) -> None:
    live.ask("Who are you?", TENTH)
    await live.shelf.take_in()
    chosen, other = lucky(live)
    assert live.version(chosen) != live.version(other)


async def test_a_canary_in_a_called_flow_that_has_not_changed_holds_nobody_up(live: Live) -> None:
    live.ask("What?", TENTH)
    await live.shelf.take_in()
    await live.save("Good day.")
    assert {live.said(f"139{n}") for n in range(100)} == {"Good day."}


async def test_a_canary_that_fails_more_often_is_withdrawn_by_itself(live: Live) -> None:
    old = live.version()
    await live.save("Good day.", TENTH)
    new = live.version(lucky(live)[0])
    await live.hear(old, 270)
    await live.hear(new, FEWEST, failed=10)
    assert {live.said(f"139{n}") for n in range(100)} == {"Hello."}
    assert live.events()[-1] == ("main", "canary-withdrawn", old)


async def test_a_withdrawn_canary_stays_so_after_a_restart_and_is_tried_again_when_it_changes(
    live: Live,
) -> None:
    await live.save("Good day.", TENTH)
    await live.shelf.withdraw("main", "li")
    await live.restarted()
    assert {live.said(f"139{n}") for n in range(100)} == {"Hello."}
    await live.save("Good evening.", TENTH)
    assert {live.said(f"139{n}") for n in range(100)} == {"Hello.", "Good evening."}


async def test_a_canary_that_is_no_worse_serves_everybody_in_the_end(live: Live) -> None:
    old = live.version()
    await live.save("Good day.", TENTH)
    new = live.version(lucky(live)[0])
    await live.hear(old, 9 * ENOUGH, failed=90)
    await live.hear(new, ENOUGH - 1, failed=10)
    assert live.version(lucky(live)[1]) == old
    await live.hear(new, 1)
    assert {live.said(f"139{n}") for n in range(100)} == {"Good day."}
    assert live.events()[-1] == ("main", "canary-won", new)


async def test_a_canarys_counts_survive_a_restart(live: Live) -> None:
    old = live.version()
    await live.save("Good day.", TENTH)
    await live.hear(old, 270)
    await live.hear(live.version(lucky(live)[0]), FEWEST - 1, failed=10)
    await live.restarted()
    await live.hear(live.version(lucky(live)[0]), 1)
    assert live.events()[-1] == ("main", "canary-withdrawn", old)


async def test_calls_that_began_before_the_trial_do_not_count(live: Live) -> None:
    old, began = live.version(), live.cards.clock.now()
    await live.save("Good day.", TENTH)
    live.shelf.ended(Ending("main", old, began, failed=True, early=True))
    assert live.shelf.listed()["flows"][0]["canary"]["old"]["calls"] == 0


async def test_calls_that_are_served_decide_a_trial_by_themselves(live: Live) -> None:
    """As the engine joins the parts: what the chronicle hears is counted, and a task judges it."""
    await live.save("Good day.", TENTH)
    decided = asyncio.Event()
    heard = live.cards.chronicle.listeners
    heard.append(Endings(live.shelf, live.shelf.ended).heard)
    heard.append(lambda event: decided.set() if isinstance(event, FlowLive) else None)
    new, old = (live.version(caller) for caller in lucky(live))
    judging = asyncio.create_task(live.shelf.run())
    for n in range(300):
        live.call(f"c{n}", new if n % 10 == 0 else old)
        live.cards.chronicle.record(
            CallEnded(
                at=live.cards.clock.now(), call=f"c{n}", outcome="error" if n % 10 == 0 else "flow-ended"
            )
        )
    await asyncio.wait_for(decided.wait(), 3)
    judging.cancel()
    assert live.events()[-1] == ("main", "canary-withdrawn", old)


async def test_which_failures_a_flow_provides_for_is_read_from_the_version_that_the_call_is_on(
    live: Live,
) -> None:
    await live.save("Good day.", "error: end")
    version = live.version()
    assert not live.shelf.provides("main", version, "main", "menu"), (
        "the flow's own way is for what nobody expects"
    )
    live.main("Good day.")
    text = (live.folder / "flows" / "main.yaml").read_text()
    live.write("main.yaml", text.replace("next: ask}", "next: ask, error: end}"))
    await live.shelf.take_in()
    assert live.shelf.provides("main", live.version(), "main", "menu")
    assert not live.shelf.provides("main", live.version(), "ask", "ask")
    assert not live.shelf.provides("main", "unknown", "main", "menu")


async def test_a_person_may_promote_a_canary(live: Live) -> None:
    await live.save("Good day.", TENTH)
    await live.shelf.promote("main", "li")
    assert {live.said(f"139{n}") for n in range(100)} == {"Good day."}


async def test_a_rollback_during_a_trial_ends_the_trial(live: Live) -> None:
    await live.save("Good day.")
    await live.save("Good evening.", TENTH)
    await live.shelf.roll_back("main", "li")
    assert {live.said(f"139{n}") for n in range(100)} == {"Good day."}


async def test_without_a_trial_there_is_nothing_to_promote_or_withdraw(live: Live) -> None:
    for wish in (live.shelf.promote, live.shelf.withdraw):
        with pytest.raises(FlowRefused, match="no new version is on trial"):
            await wish("main", "li")


# Commands


async def test_the_list_names_versions_calls_and_what_is_wrong(live: Live, tmp_path: Path) -> None:
    old = live.version()
    live.call("c1", old)
    await live.save("Good day.")
    live.write("main.yaml", "nonsense")
    await live.shelf.take_in()
    async with engine(live.cards, live.shelf):
        table = await say(tmp_path, "flows")
        data = json.loads((await say(tmp_path, "flows", "--json")).stdout)
    rows = [line.split() for line in table.stdout.splitlines()]
    assert rows[1][:4] == ["main", live.version(), "100", "%"]
    assert rows[2] == [old, "0", "%", "ending", "1"]
    assert "main.yaml:1:1:" in table.stderr
    assert (data["flows"][0]["version"], data["flows"][0]["calls"]) == (live.version(), {old: 1})


async def test_a_person_rolls_back_and_the_ledger_knows_who(live: Live, tmp_path: Path) -> None:
    await live.save("Good day.")
    async with engine(live.cards, live.shelf):
        told = await say(tmp_path, "flows", "rollback", "main")
    assert told.stdout.endswith(f"main: {live.version()} serves all new calls from now on\n")
    assert live.said() == "Hello."
    (event,) = [e for e in live.cards.journal.events if isinstance(e, FlowLive) and e.how == "rolled-back"]
    assert event.by


async def test_a_refused_wish_ends_with_status_1_and_its_reason(live: Live, tmp_path: Path) -> None:
    async with engine(live.cards, live.shelf):
        told = await say(tmp_path, "flows", "promote", "main")
    assert (told.exit_code, told.stderr) == (1, "main: no new version is on trial\n")


async def test_the_history_is_listed_with_the_engine_away(live: Live, tmp_path: Path) -> None:
    first = live.version()
    await live.save("Good day.", TENTH)
    told = await asyncio.to_thread(say_alone, tmp_path, "flows", "history", "main", "--json")
    past = json.loads(told.stdout)
    assert [(one["how"], one["share"]) for one in past] == [("canary", 10.0), ("started", 100.0)]
    assert past[1]["version"] == first


# Watching


async def changed_once(folder: Path, change: str) -> None:
    """Make a change as editors and git do."""
    file = folder / "main.yaml"
    match change:
        case "written over":
            file.write_text("b")
        case "renamed onto":
            (folder / ".main.yaml.swp").write_text("c")
            (folder / ".main.yaml.swp").replace(file)
        case "a recording":
            (folder / "sounds" / "en" / "hello.wav").write_bytes(b"new")
        case "the folder anew":
            shutil.move(folder, folder.with_name("old"))
            (folder / "sounds" / "en").mkdir(parents=True)
            (folder / "main.yaml").write_text("d")


async def test_each_way_of_saving_is_noticed_once(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    (folder / "sounds" / "en").mkdir(parents=True)
    (folder / "main.yaml").write_text("a")
    noticed: asyncio.Queue[float] = asyncio.Queue()

    async def changed() -> None:
        noticed.put_nowait(time.monotonic())

    watch = Watch(folder, changed)
    (folder / "main.yaml").write_text("changed before it is watched")
    running = asyncio.create_task(watch.run())
    await asyncio.wait_for(noticed.get(), 3)
    for change in ("written over", "renamed onto", "a recording", "the folder anew"):
        await changed_once(folder, change)
        await asyncio.wait_for(noticed.get(), 3)
    assert noticed.empty()
    running.cancel()
    await asyncio.wait([running])


async def test_a_further_save_ends_the_work_on_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("a")
    begun: asyncio.Queue[str] = asyncio.Queue()
    stopped: list[str] = []

    async def changed() -> None:
        text = (tmp_path / "main.yaml").read_text()
        begun.put_nowait(text)
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(text)

    watch = Watch(tmp_path, changed)
    running = asyncio.create_task(watch.run())
    (tmp_path / "main.yaml").write_text("b")
    assert await asyncio.wait_for(begun.get(), 3) == "b"
    (tmp_path / "main.yaml").write_text("c")
    assert await asyncio.wait_for(begun.get(), 3) == "c"
    assert stopped == ["b"]
    running.cancel()
    await asyncio.wait([running])
    assert stopped == ["b", "c"]


def test_what_editors_leave_behind_and_rehearsals_are_no_change(tmp_path: Path) -> None:
    before = stamp_of(tmp_path)
    (tmp_path / "rehearsals").mkdir()
    (tmp_path / ".git").mkdir()
    for name in (".main.yaml.swp", "main.yaml~", "rehearsals/night.yaml", ".git/index"):
        (tmp_path / name).write_text("x")
    assert stamp_of(tmp_path) == before


# Beside the event loop


async def test_a_large_flow_is_read_without_holding_up_the_event_loop(tmp_path: Path) -> None:
    """Beside a thread that computes, Python itself lets a loop wait for 5 ms at each turn."""
    made = Live(tmp_path)
    nodes = "".join(f"  n{n}: {{play: hello, next: n{n + 1}}}\n" for n in range(5000))
    made.write("big.yaml", f"flow: big\nlanguages: [en]\nstart: n0\nprompts: {{hello: {{en: Hi.}}}}\nnodes:\n{nodes}"
               "  n5000: {hangup: }\n")  # fmt: skip
    late: list[float] = []
    reading = asyncio.create_task(aside(load_flows, tmp_path / "flows", names_of(made.cards.site)))
    while not reading.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append(time.perf_counter() - before - 0.001)
    assert len((await reading).flows["big"].nodes) == 5001
    assert sorted(late)[len(late) // 2] < 0.004


async def test_what_fails_aside_fails_here() -> None:
    def broken() -> None:
        raise HotlineError("no")

    with pytest.raises(HotlineError, match="no"):
        await aside(broken)
