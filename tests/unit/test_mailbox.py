"""The mailbox: every recording has a file of its own, under a name that is safe, for this user alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from hotline.mailbox import SiteMailbox

CALL = "sample-1763776800.12"


class Noon:
    """A clock that stands still."""

    def local(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def mailbox(tmp_path: Path) -> SiteMailbox:
    return SiteMailbox(tmp_path / "voicemail", Noon())


async def test_a_recording_is_found_by_box_month_day_and_call(mailbox: SiteMailbox, tmp_path: Path) -> None:
    room = await mailbox.room(CALL, "voicemail", "sales")
    assert room.name == "sales/2026-11/22-120005-sample-1763776800_12.wav"
    assert room.file == tmp_path / "voicemail" / room.name
    assert room.recording == f"{CALL}/r22120005"


async def test_two_recordings_of_a_call_never_share_a_file_or_an_id(
    mailbox: SiteMailbox, tmp_path: Path
) -> None:
    one = await mailbox.room(CALL, "record", "sales")
    two = await SiteMailbox(tmp_path / "voicemail", Noon()).room(CALL, "record", "sales")
    assert one.file != two.file
    assert one.recording != two.recording
    assert two.file.parent.is_dir()


@pytest.mark.parametrize("box", ["..", "../../etc", "a/b", "", "a.wav", ".", "\0", "值班 室"])
async def test_no_name_of_a_box_leads_out_of_the_folder(
    mailbox: SiteMailbox, tmp_path: Path, box: str
) -> None:
    room = await mailbox.room("../../c", "voicemail", box)
    assert room.file.resolve().relative_to(tmp_path / "voicemail").parts[1:-1] == ("2026-11",)
    assert "." not in room.file.stem


async def test_folders_and_files_are_for_this_user_alone_whatever_the_mask(
    mailbox: SiteMailbox, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        room = await mailbox.room(CALL, "voicemail", "sales")
    finally:
        os.umask(before)
    assert room.file.stat().st_mode & 0o777 == 0o600
    folders = [tmp_path / "voicemail", room.file.parent.parent, room.file.parent]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


async def test_what_is_discarded_is_gone_and_may_be_gone_already(mailbox: SiteMailbox) -> None:
    room = await mailbox.room(CALL, "voicemail", "sales")
    room.file.write_bytes(b"words")
    await mailbox.discard(room)
    assert not room.file.exists()
    await mailbox.discard(room)


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "voicemail").write_text("in the way")
    with pytest.raises(OSError, match="voicemail"):
        await SiteMailbox(tmp_path / "voicemail", Noon()).room(CALL, "voicemail", "sales")


async def test_a_disk_without_room_for_a_recording_takes_none(
    mailbox: SiteMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asterisk would record nothing, tell nobody, and the caller would believe that his message was kept."""
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=1_000_000))
    with pytest.raises(OSError, match="the disk is too full for a recording; make room there"):
        await mailbox.room(CALL, "voicemail", "sales")
