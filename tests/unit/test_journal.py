"""The journal: one whole line per event, whatever dies."""

import json
import os
import signal
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import JournalFull, JournalInUse, JournalUnwritable
from ledger.events import CallBegan, EngineStarted, Event, NodeEntered, OfferMade
from ledger.journal import EventId, Journal


def started(at: int) -> Event:
    return EngineStarted(at=at, version="1")


def moments(journal: Journal, after: EventId | None = None) -> list[int]:
    return [event.at for _, event in journal.read_from(after)]


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.jsonl"))


def test_an_event_reads_back_as_it_was_written(tmp_path):
    event = NodeEntered(
        at=1,
        call="王-1",
        flow="f",
        node="n",
        language="zh",
        stack=("main", "sub"),
        variables={"n": [1, "二"]},
    )
    with closing(Journal(tmp_path)) as journal:
        event_id = journal.append(event)
        assert list(journal.read_from(None)) == [(event_id, event)]


@given(text=st.text(st.characters(codec="utf-8")))
def test_any_text_stays_on_one_line(tmp_path_factory, text):
    event = CallBegan(at=1, call="c", ani=text, dnis="", trunk="", flow="", flow_version="", language="")
    with closing(Journal(tmp_path_factory.mktemp("journal"))) as journal:
        journal.append(event)
        assert [read for _, read in journal.read_from(None)] == [event]


def test_half_a_character_from_a_caller_does_not_stop_the_journal(tmp_path):
    event = CallBegan(at=1, call="c", ani="\udcff", dnis="", trunk="", flow="", flow_version="", language="")
    with closing(Journal(tmp_path)) as journal:
        journal.append(event)
        assert moments(journal) == [1]


def test_a_line_is_compact_json_with_its_own_id_and_readable_chinese(tmp_path):
    with closing(Journal(tmp_path)) as journal:
        event_id = journal.append(
            OfferMade(at=1, call="c", visit="v", offer="o", seat="王", phone="p", why={"闲": 3})
        )
        line = (tmp_path / "journal-000001.jsonl").read_bytes()[event_id.offset :]
    assert line.endswith(b"\n")
    assert json.loads(line)["id"] == str(event_id)
    assert '"seat":"王"' in line.decode()


def test_only_the_engines_user_may_read_what_callers_did(tmp_path):
    folder = tmp_path / "journal"
    folder.mkdir(mode=0o755)
    with closing(Journal(folder)) as journal:
        journal.append(started(1))
        modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_ids_grow_over_segments_and_openings(tmp_path):
    ids = []
    for _ in range(3):
        with closing(Journal(tmp_path, segment_bytes=200)) as journal:
            ids += [journal.append(started(at)) for at in range(5)]
    assert ids == sorted(set(ids))


def test_reading_from_a_position_gives_what_came_after_it_over_all_segments(tmp_path):
    with closing(Journal(tmp_path, segment_bytes=200)) as journal:
        ids = [journal.append(started(at)) for at in range(20)]
        assert len(segments(tmp_path)) > 2
        for at, event_id in enumerate(ids):
            assert moments(journal, event_id) == list(range(at + 1, 20))


def test_a_second_engine_is_refused_and_told_who_has_the_journal(tmp_path):
    with (
        closing(Journal(tmp_path)),
        pytest.raises(JournalInUse, match=rf"process {os.getpid()}, since 20\d\d-"),
    ):
        Journal(tmp_path)


def test_a_closed_journal_may_be_opened_again(tmp_path):
    Journal(tmp_path).close()
    Journal(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JournalUnwritable, match="file/journal"):
        Journal(tmp_path / "file" / "journal")


def test_a_torn_last_line_is_cut_off_kept_aside_and_told(tmp_path):
    with closing(Journal(tmp_path)) as journal:
        journal.append(started(1))
    with (tmp_path / "journal-000001.jsonl").open("ab") as file:
        file.write(b'{"id":"1:9","kin')
    with closing(Journal(tmp_path)) as journal:
        (torn,) = journal.torn
        journal.append(started(2))
        assert moments(journal) == [1, 2]
    assert torn.size == 16
    assert torn.kept.read_bytes() == b'{"id":"1:9","kin'
    with closing(Journal(tmp_path)) as journal:
        assert journal.torn == ()


def test_a_tail_of_zeros_after_a_power_cut_is_cut_off(tmp_path):
    with closing(Journal(tmp_path)) as journal:
        journal.append(started(1))
    with (tmp_path / "journal-000001.jsonl").open("ab") as file:
        file.write(bytes(100_000))
    with closing(Journal(tmp_path)) as journal:
        assert journal.torn[0].size == 100_000
        assert moments(journal) == [1]


def test_a_journal_whose_first_line_was_torn_begins_again(tmp_path):
    (tmp_path / "journal-000001.jsonl").write_bytes(b'{"id"')
    with closing(Journal(tmp_path)) as journal:
        assert journal.replay()[0] is None
        assert journal.append(started(1)).segment == 2
        assert moments(journal) == [1]


@pytest.mark.parametrize(
    "line", [b"\0\0\0\n", b"[1]\n", b'{"kind":"FromTheFuture","at":1}\n', b'{"kind":"CallEnded"}\n']
)
def test_a_line_not_understood_is_skipped_and_the_rest_is_read(tmp_path, line):
    with closing(Journal(tmp_path)) as journal:
        journal.append(started(1))
    with (tmp_path / "journal-000001.jsonl").open("ab") as file:
        file.write(line)
    with closing(Journal(tmp_path)) as journal:
        journal.append(started(2))
        assert moments(journal) == [1, 2]


def test_a_new_journal_replays_nothing(tmp_path):
    with closing(Journal(tmp_path)) as journal:
        snapshot, events = journal.replay()
        assert (snapshot, list(events)) == (None, [])


@given(counts=st.lists(st.integers(0, 12), min_size=1, max_size=4), size=st.integers(1, 600))
def test_snapshot_and_replay_give_the_state_before_the_crash(tmp_path_factory, counts, size):
    folder = tmp_path_factory.mktemp("journal")
    total = 0
    for count in counts:
        state = {"seen": 0}
        journal = Journal(folder, snapshot=state.copy, segment_bytes=size)
        snapshot, events = journal.replay()
        state.update(snapshot or {})
        state["seen"] += sum(1 for _ in events)
        assert state["seen"] == total
        for at in range(count):
            journal.append(started(at))
            state["seen"] += 1
        total += count
        journal.close()


def test_a_restart_reads_only_from_the_last_snapshot(tmp_path):
    with closing(Journal(tmp_path, segment_bytes=400)) as journal:
        last = [journal.append(started(at)) for at in range(50)][-1]
        _, events = journal.replay()
        assert {event_id.segment for event_id, _ in events} == {last.segment}


def test_pruning_keeps_what_the_ledger_or_a_restart_needs(tmp_path):
    with closing(Journal(tmp_path, segment_bytes=200)) as journal:
        ids = [journal.append(started(at)) for at in range(20)]
        position = ids[10]
        gone = journal.prune(position, keep=1)
        assert gone
        left = [int(name[8:14]) for name in segments(tmp_path)]
        assert left == list(range(position.segment - 1, ids[-1].segment + 1))
        assert moments(journal, position) == list(range(11, 20))
        journal.prune(ids[-1])
        assert segments(tmp_path) == [f"journal-{ids[-1].segment:06}.jsonl"]


def test_the_journals_identity_outlives_openings_and_pruning(tmp_path):
    identities = set()
    for _ in range(3):
        with closing(Journal(tmp_path, segment_bytes=200)) as journal:
            journal.prune([journal.append(started(at)) for at in range(5)][-1])
            identities.add(journal.identity)
    with closing(Journal(tmp_path / "other")) as other:
        assert len(identities) == 1
        assert other.identity not in identities


def test_when_the_disk_fails_while_a_segment_turns_no_empty_segment_stays(tmp_path):
    def fail():
        raise RuntimeError

    with closing(Journal(tmp_path, snapshot=fail)) as journal:
        with pytest.raises(RuntimeError):
            journal.append(started(1))
        assert segments(tmp_path) == []


FULL_DISK = """
import resource, sys
from pathlib import Path
from ledger.errors import JournalFull
from ledger.events import EngineStarted
from ledger.journal import Journal

journal = Journal(Path(sys.argv[1]))
journal.append(EngineStarted(at=0, version="1"))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
written, refused = 1, 0
while refused < 3:
    try:
        journal.append(EngineStarted(at=written, version="1"))
        written += 1
    except JournalFull as error:
        refused += 1
        print(error, file=sys.stderr)
assert not journal.torn
assert (Path(sys.argv[1]) / "journal-000001.jsonl").read_bytes().endswith(b"\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append(EngineStarted(at=written, version="1"))
print(written + 1)
"""


def test_a_full_disk_refuses_the_event_leaves_no_half_line_and_goes_on_when_there_is_room(tmp_path):
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path], capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    assert "Free some space" in child.stderr
    with closing(Journal(tmp_path)) as journal:
        assert journal.torn == ()
        assert moments(journal) == list(range(int(child.stdout)))


def test_a_full_disk_is_told_at_the_first_event(tmp_path, monkeypatch):
    with closing(Journal(tmp_path)) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda _file, line: len(line) // 2)
            with pytest.raises(JournalFull):
                journal.append(started(1))
        assert segments(tmp_path) == []
        journal.append(started(2))
        assert moments(journal) == [2]


KILLED = """
import sys
from itertools import count
from pathlib import Path
from ledger.events import EngineStarted
from ledger.journal import Journal

journal = Journal(Path(sys.argv[1]), segment_bytes=5000)
for at in count():
    print(journal.append(EngineStarted(at=at, version="1")), flush=True)
"""


def test_every_event_that_append_returned_from_outlives_a_kill(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE, text=True
    ) as child:
        told = [child.stdout.readline().strip() for _ in range(500)]
        child.send_signal(signal.SIGKILL)
        told += [line.strip() for line in child.stdout if line.endswith("\n")]
    with closing(Journal(tmp_path)) as journal:
        kept = [str(event_id) for event_id, _ in journal.read_from(None)]
        assert kept[: len(told)] == told
        assert len(kept) - len(told) <= 1
