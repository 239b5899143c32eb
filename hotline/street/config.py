"""The files of the street's Asterisk: the agents' phones, and a line to the hotline for callers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import ChoiceLoader, PackageLoader

from hotline.asterisk.config import MODULES, PLAIN, Layout, Wiring, template_environment, write_private
from hotline.site import Site

EVENTS = ("FullyBooted", "Shutdown", "OriginateResponse")
FILES = ("asterisk", "modules", "logger", "rtp", "manager", "musiconhold", "pjsip", "extensions")
SILENCE = "hotline-silence"  # the music class that is none


@dataclass(frozen=True, slots=True)
class StreetPorts:
    """Where the street listens, on loopback alone. ``agi`` 0 takes any free port."""

    sip: int = 5080
    rtp_first: int = 20000
    rtp_last: int = 20999
    ami: int = 5039
    agi: int = 4574


def hotline_host(site: Site) -> str:
    """Return the address at which the hotline is reached from here."""
    listen = site.settings.listen
    return "127.0.0.1" if listen in ("0.0.0.0", "::") else listen  # noqa: S104 asked, not bound


def phones_of(site: Site) -> list[str]:
    """Return the phones at which an agent sits when the hotline starts."""
    return sorted({agent.phone for agent in site.settings.agents.values() if agent.phone is not None})


def write_street(
    site: Site, wiring: Wiring, layout: Layout, ports: StreetPorts, phones: Sequence[str]
) -> None:
    """Write every file of the street's Asterisk. Raises `OSError`.

    What the street does not have a template of its own for is as the hotline's.
    """
    layout.make()
    environment = template_environment()
    environment = environment.overlay(
        loader=ChoiceLoader([PackageLoader("hotline.street"), PackageLoader("hotline.asterisk")])
    )
    host = hotline_host(site)
    context = {
        "origin": site.file,
        "s": {"ports": ports},
        "home": wiring.home,
        "secrets": wiring.secrets,
        "events": EVENTS,
        "more_rights": "",
        "modules": MODULES,
        "moh": wiring.home.moh,
        "silence": wiring.silence,
        "phones": phones,
        "hotline_host": host,
        "hotline": f"{host}:{site.settings.ports.sip}",
        "etc": layout.etc,
        "var": layout.folder / "var",
        "logs": layout.folder / "logs",
        "run": layout.run,
        "agi_bin": layout.agi_bin,
        "whole": True,
        "system_name": "street",
        "open_files": 2048,
    }
    for name in FILES:
        write_private(
            layout.etc / f"{name}.conf", environment.get_template(f"{name}.conf.j2").render(context)
        )
    for name, text in PLAIN.items():
        write_private(layout.etc / f"{name}.conf", text)
