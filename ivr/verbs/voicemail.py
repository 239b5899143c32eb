"""``voicemail`` and ``record``: keep what the caller says."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ivr.call import CallLost
from ivr.facts import Recorded, RecordingKind
from ivr.here import KEYS, Here
from ivr.house import Room
from ivr.language.duration import Seconds
from ivr.language.prompt import Phrase
from ivr.language.words import NodeName, VariableName, Word
from ivr.verbs.verb import Verb

SHORTEST = 1.5  # seconds: Asterisk keeps the last second of the silence that ends a recording


class BoxName(Word):
    """A box of the mailbox: a folder."""

    kind = "box"
    form = r"^[\w-]{1,40}$"
    told = "has letters, digits, _ and - alone, at most 40"


def _keys(written: str) -> str:
    if set(written) - set(KEYS):
        raise PydanticCustomError("key_form", 'write the keys in a row, as "#*0"; keys are 0 to 9, * and #')
    return written


class Recording(Verb):
    """What voicemail and record have in common."""

    kind: ClassVar[RecordingKind]

    longest: Annotated[Seconds, Field(gt=0, le=600)] = Field(
        120.0, description="How long the recording may be."
    )
    silence: Annotated[Seconds, Field(ge=1, le=60)] | None = Field(
        5.0, description="So long a silence ends it; null for none."
    )
    beep: bool = Field(True, description="A tone tells when it begins.")
    finish: Annotated[str, AfterValidator(_keys)] = Field("#*0123456789", description="Keys that end it.")
    next: NodeName = Field(description="The recording is kept.")
    nothing: NodeName | None = Field(None, description="Nothing was said; without it, `next`.")

    @abstractmethod
    def box_at(self, node: str) -> str:
        """Return the box that keeps what is recorded at a node of this verb."""

    async def _record(self, here: Here, asked: Phrase) -> Room | None:
        box = self.box_at(here.node)
        await here.say(asked)
        here.ahead = None
        room = await here.house.mailbox.room(here.call.id, self.kind, box)
        try:
            recorded = await here.call.record(
                room.file, longest=self.longest, silence=self.silence, finish=self.finish, beep=self.beep
            )
        except CallLost:
            seconds = seconds_in(room)
            if seconds >= SHORTEST:
                here.note(Recorded(room.recording, self.kind, box, room.name, seconds))
            raise
        here.heard = True
        if recorded.seconds < SHORTEST:
            await here.house.mailbox.discard(room)
            return None
        here.note(Recorded(room.recording, self.kind, box, room.name, recorded.seconds))
        return room

    def way(self, name: str) -> NodeName | None:
        """Return the node of an exit."""
        return super().way(name) or (self.next if name == "nothing" else None)


class Voicemail(Recording):
    """Let the caller leave a message, for `hotline voicemail`. One who hangs up meanwhile has left it."""

    verb = "voicemail"
    kind = "voicemail"
    example = "{voicemail: leave-a-message, box: faults, longest: 2m, next: thank-you}"

    voicemail: Phrase = Field(description="The prompt that asks for the message.")
    box: BoxName = Field(BoxName("general"), description="The box that keeps it.")

    async def run(self, here: Here) -> str:
        """Ask, record, keep."""
        return "next" if await self._record(here, self.voicemail) else "nothing"

    def box_at(self, node: str) -> str:  # noqa: ARG002 - it is the same at every node
        """Return the box."""
        return str(self.box)


class Record(Recording):
    """Record what the caller says, as part of the call's business: an order, a name, an address."""

    verb = "record"
    kind = "record"
    example = "{record: say-your-address, into: address, silence: 2s, next: thank-you}"

    record: Phrase = Field(description="The prompt that asks for it.")
    into: VariableName | None = Field(None, description="The variable that keeps the recording's id.")

    async def run(self, here: Here) -> str:
        """Ask, record, keep."""
        room = await self._record(here, self.record)
        if room is not None and self.into is not None:
            here.variables[str(self.into)] = room.recording
        return "next" if room is not None else "nothing"

    def box_at(self, node: str) -> str:
        """Return the node: what is part of the business lies by what was asked."""
        return node


def seconds_in(room: Room) -> float:
    """Return the length of a recording of 8 kHz, 16 bit, one channel, by its file's size; 0.0 where there is none."""
    try:
        return max(0, room.file.stat().st_size - 44) / 16_000
    except OSError:
        return 0.0
