"""The actions that the engine asks of Asterisk, each as a call with names and types."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from acd.ami_errors import ActionFailed, IllegalValue, NoSuchChannel
from acd.ami_message import ChannelSnapshot, Event, Reply
from acd.ami_request import Value

_NOT_REACHABLE = frozenset({"Unavailable", "Invalid", "Unknown"})
_SPLITTING = re.compile(r'([\\",()\[\]])')


class Actions(ABC):
    """Say to Asterisk what it has to do. Every call raises what `AmiClient.action` raises."""

    @abstractmethod
    async def action(
        self, name: str, headers: Mapping[str, Value] | None = None, *, timeout: float | None = None
    ) -> Reply:
        """Send an action; return its reply."""

    @abstractmethod
    async def list_action(
        self, name: str, headers: Mapping[str, Value] | None = None, *, timeout: float | None = None
    ) -> list[Event]:
        """Send an action that is answered with a list; return its rows."""

    async def channels(self, variables: Sequence[str] = ()) -> list[ChannelSnapshot]:
        """Return every living channel, with those of ``variables`` that are set on it."""
        asked = {"Variables": ",".join(variables)} if variables else {}
        rows = await self.list_action("Status", asked)
        return [ChannelSnapshot.read(row) for row in rows if row.name == "Status"]

    async def phones(self) -> dict[str, bool]:
        """Return each PJSIP endpoint, and whether a call could reach it now.

        Asterisk itself counts on a device only once it has answered OPTIONS, for which it takes its time; one that
        has registered and was not asked yet ("NonQualified") can be rung too. Of devices that stand in pjsip.conf
        `PJSIPShowContacts` knows nothing.
        """
        fresh = {
            row.headers.get("EndpointName") or row.headers.get("Endpoint")
            for row in await self._list_or_nothing("PJSIPShowContacts")
            if row.headers.get("Status") == "NonQualified"
        }
        return {
            name: name in fresh
            or (bool(row.headers.get("Contacts")) and row.headers.get("DeviceState") not in _NOT_REACHABLE)
            for row in await self._list_or_nothing("PJSIPShowEndpoints")
            if row.name == "EndpointList" and (name := row.headers["ObjectName"])
        }

    async def _list_or_nothing(self, name: str) -> list[Event]:
        try:
            return await self.list_action(name)
        except ActionFailed as error:
            if error.text.startswith("No "):  # … endpoints found, … Contacts found
                return []
            raise

    async def hangup(self, channel: str, cause: int = 16) -> bool:
        """Hang a channel up with a Q.850 cause; return False when it was gone already."""
        if channel.startswith("/"):
            raise IllegalValue(
                "Channel", "starts with /, which Asterisk takes for a pattern of many channels"
            )
        try:
            await self.action("Hangup", {"Channel": channel, "Cause": cause})
        except NoSuchChannel:
            return False
        return True

    async def redirect(self, channel: str, context: str, exten: str, priority: int = 1) -> None:
        """Send a channel elsewhere in the dialplan. Raises NoSuchChannel."""
        target: dict[str, Value] = {"Context": context, "Exten": exten, "Priority": priority}
        await self.action("Redirect", {"Channel": channel, **target})

    async def setvar(self, name: str, value: str, channel: str | None = None) -> None:
        """Set a variable of a channel, or a global one. Raises NoSuchChannel."""
        await self.action("Setvar", {"Variable": name, "Value": value, **_on(channel)})

    async def getvar(self, name: str, channel: str | None = None) -> str:
        """Return a variable of a channel, or a global one; empty where unset. Raises NoSuchChannel."""
        reply = await self.action("Getvar", {"Variable": name, **_on(channel)})
        return reply.headers.get("Value", "")

    async def stop_playback(self, channel: str) -> bool:
        """End the prompt that is playing to a channel, if one is; return False when the channel is gone."""
        try:
            await self.action("ControlPlayback", {"Channel": channel, "Control": "stop"})
        except NoSuchChannel:
            return False
        return True

    async def originate(
        self,
        channel: str,
        *,
        context: str,
        exten: str,
        priority: int = 1,
        ring_seconds: float = 30.0,
        caller_id: str = "",
        variables: Mapping[str, str] | None = None,
        uniqueid: str = "",
    ) -> str:
        """Call ``channel``, and send it into the dialplan when it answers.

        Returns at once, with the ActionID that the `OriginateResponse` event will carry. That event can come
        before the channel's own `Newchannel`. ``uniqueid`` names the channel beforehand.
        """
        headers: dict[str, Value] = {
            "Channel": channel,
            "Context": context,
            "Exten": exten,
            "Priority": priority,
            "Timeout": round(ring_seconds * 1000),
            "CallerID": caller_id,
            "ChannelId": uniqueid,
            "Variable": [f"{name}={_escaped(value)}" for name, value in (variables or {}).items()],
        }
        reply = await self.action(
            "Originate", {name: value for name, value in headers.items() if value != ""}
        )
        return reply.headers["ActionID"]


def _on(channel: str | None) -> dict[str, str]:
    return {} if channel is None else {"Channel": channel}


def _escaped(value: str) -> str:
    # Originate splits its variables as an application splits its arguments.
    return _SPLITTING.sub(r"\\\1", value)
