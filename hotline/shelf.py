"""The versions of the flows: which are live, and which one a call runs on."""

from __future__ import annotations

from hotline.calls import Served
from ivr.flow import FlowSet
from ivr.here import Prompts


class Shelf:
    """One set of flows, live for all calls."""

    def __init__(self, flows: FlowSet, prompts: Prompts) -> None:
        self.flows = flows
        self.prompts = prompts

    def choose(self, flow: str, caller: str) -> Served | None:  # noqa: ARG002 one version serves everybody
        """Return what a new call of this caller runs on; None where no such flow is live."""
        return Served(flow, self.flows.versions[flow], self.flows) if flow in self.flows.flows else None

    def kept(self, flow: str, version: str) -> Served | None:  # noqa: ARG002 there is no other
        """Return the live version of a flow."""
        return self.choose(flow, "")
