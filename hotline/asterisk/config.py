"""Asterisk's own files, generated from the site."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2

import agi_scripts
from hotline.asterisk.home import AsteriskHome
from hotline.limits import raise_open_files
from hotline.secrets import Secrets
from hotline.site import Site
from hotline.sockets import make_private, socket_folder

# What the engine asks for; Asterisk sends no other event (see manager.conf).
EVENTS = (
    "FullyBooted",
    "Shutdown",
    "Hangup",
    "HangupRequest",
    "DialBegin",
    "DialState",
    "DialEnd",
    "ContactStatus",
    "Hold",
    "Unhold",
    "OriginateResponse",
)
MODULES = (
    "res_timing_timerfd",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_sdp_rtp",
    "res_pjsip_authenticator_digest",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration",
    "res_pjsip_pubsub",
    "res_pjsip_registrar",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_caller_id",
    "res_pjsip_dtmf_info",
    "res_pjsip_logger",
    "res_pjsip_nat",
    "res_pjsip_path",
    "res_pjsip_rfc3326",
    "chan_pjsip",
    "res_rtp_asterisk",
    "res_srtp",
    "codec_alaw",
    "codec_ulaw",
    "codec_a_mu",
    "codec_g722",
    "codec_resample",
    "format_pcm",
    "format_sln",
    "format_wav",
    "res_musiconhold",
    "res_speech",
    "res_agi",
    "bridge_simple",
    "bridge_native_rtp",
    "bridge_builtin_features",
    "app_dial",
    "app_stack",
    "app_exec",
    "app_playback",
    "app_controlplayback",
    "app_senddtmf",
    "app_record",
    "app_echo",
    "app_userevent",
    "app_verbose",
    "cdr_csv",
    "func_callerid",
    "func_channel",
    "func_dialplan",
    "func_env",
    "func_global",
    "func_logic",
    "func_math",
    "func_pjsip_contact",
    "func_pjsip_endpoint",
    "func_strings",
    "func_timeout",
    "pbx_config",
)
# Files that Asterisk complains of when they are missing, and of which we want nothing.
PLAIN = {
    "acl": "",
    "ccss": "[general]\n",
    "cdr": "[general]\nenable = yes\nunanswered = yes\n"
    "[csv]\nusegmtime = yes\nloguniqueid = yes\nloguserfield = yes\naccountlogs = no\n",
    "cel": "[general]\nenable = no\n",
    "features": "[general]\n[featuremap]\n",
    "indications": "[general]\ncountry = cn\n[cn]\ndescription = China\nringcadence = 1000,4000\n"
    "dial = 450\nbusy = 450/350,0/350\nring = 450/1000,0/4000\ncongestion = 450/700,0/700\n",
    "pjproject": "",
    "queues": "[general]\n",
    "stasis": "[threadpool]\n",
    "udptl": "[general]\n",
}
INCLUDED = ("pjsip", "extensions", "manager", "musiconhold")  # what another's Asterisk includes of ours
MOST_ENTRIES = 10  # so often may the engine be lost with the same call: it may be that call that kills it
UNWRITABLE = re.compile(r"[\x00-\x1f\x7f]")
SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one Asterisk keeps its things, below one folder of the site's data."""

    folder: Path
    run: Path

    @classmethod
    def below(cls, folder: Path) -> Layout:
        """Return the layout; the control socket moves to a short path where the folder's is too long."""
        run = socket_folder(folder.absolute() / "run")
        return cls(folder, run)

    @property
    def etc(self) -> Path:
        """The configuration."""
        return self.folder / "etc"

    @property
    def conf(self) -> Path:
        """The file that `asterisk -C` is given."""
        return self.etc / "asterisk.conf"

    @property
    def agi_bin(self) -> Path:
        """The programs that Asterisk may run."""
        return self.folder / "agi-bin"

    def make(self) -> None:
        """Make the folders, for this user alone. Raises `OSError`."""
        for folder in (self.folder, self.etc, self.agi_bin):
            folder.mkdir(parents=True, exist_ok=True)
        for name in ("var", "var/spool", "logs", "logs/cdr-csv"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        make_private(self.run)


def template_environment() -> jinja2.Environment:
    """Return the templates; a name that is not given is an error, and nothing is escaped as HTML.

    Free text, such as a password, goes through the filter ``value``.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hotline.asterisk"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 these are Asterisk's files, not pages
    )
    environment.filters["value"] = value
    return environment


def value(text: object) -> str:
    """Return free text so that Asterisk's files read it as it is. Raises `ValueError` where they cannot."""
    written = str(text)
    if UNWRITABLE.search(written) or written != written.strip():
        raise ValueError("Asterisk's files cannot hold control characters, nor blanks at either end")
    return written.replace(";", r"\;")


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the files need beside the site: folders and passwords."""

    home: AsteriskHome
    secrets: Secrets
    spool: Path
    silence: Path
    trunk_passwords: Mapping[str, str]


def _context(site: Site, wiring: Wiring) -> dict[str, object]:
    listen, tls = site.settings.listen, site.settings.tls
    any_address = listen in ("0.0.0.0", "::")  # noqa: S104 asked, not bound
    return {
        "origin": UNWRITABLE.sub("?", str(site.file)),
        "s": site.settings,
        "home": wiring.home,
        "secrets": wiring.secrets,
        "events": EVENTS,
        "more_rights": ",agent" if site.settings.queue_log else "",
        "moh": wiring.home.moh,
        "silence": wiring.silence,
        "spool": wiring.spool,
        "trunk_passwords": wiring.trunk_passwords,
        "listen": f"[{listen}]" if ":" in listen else listen,
        "any_address": any_address,
        "local_networks": PRIVATE_NETWORKS if any_address else (*PRIVATE_NETWORKS, listen),
        "tls": None
        if tls is None
        else {
            "certificate": site.folder / tls.certificate,
            "key": site.folder / tls.key,
            "authorities": site.folder / (tls.authorities or SYSTEM_AUTHORITIES),
        },
        "away_seconds": max(1, site.settings.away.apologise_after // 1000),
        "most_entries": MOST_ENTRIES,
    }


def write_whole(site: Site, wiring: Wiring, layout: Layout) -> None:
    """Write every file of the hotline's own Asterisk. Raises `OSError`."""
    layout.make()
    context = _context(site, wiring) | {
        "etc": layout.etc,
        "var": layout.folder / "var",
        "logs": layout.folder / "logs",
        "run": layout.run,
        "agi_bin": layout.agi_bin,
        "engine_away": "engine_away",
        "whole": True,
        "system_name": site.name,
        "modules": (*MODULES, *(["app_queue"] if site.settings.queue_log else [])),
        "open_files": raise_open_files(),
    }
    for name in ("asterisk", "modules", "logger", "rtp", "manager", "musiconhold", "pjsip", "extensions"):
        write_private(
            layout.etc / f"{name}.conf",
            template_environment().get_template(f"{name}.conf.j2").render(context),
        )
    for name, text in PLAIN.items():
        write_private(layout.etc / f"{name}.conf", text)
    write_agi_script(layout.agi_bin, site)


def write_includes(site: Site, wiring: Wiring, into: Path) -> list[Path]:
    """Write the files that an administrator includes in an Asterisk of his own; return them. Raises `OSError`."""
    into.mkdir(parents=True, exist_ok=True)
    context = _context(site, wiring) | {"engine_away": into.resolve() / "engine_away", "whole": False}
    written = []
    for name in INCLUDED:
        file = into / f"hotline_{name}.conf"
        write_private(file, template_environment().get_template(f"{name}.conf.j2").render(context))
        written.append(file)
    write_agi_script(into, site)
    return written


def write_agi_script(folder: Path, site: Site) -> None:
    """Write the small program by which Asterisk starts ours with our own Python, whatever its environment."""
    for name in ("engine_away",):
        script = Path(agi_scripts.__file__).with_name(f"{name}.py")
        target = folder / name
        write_private(
            target,
            f'#!/bin/sh\nexec {shlex.join([sys.executable, str(script), str(site.data)])} "$@"\n',
            mode=0o700,
        )


def write_private(file: Path, text: str, mode: int = 0o600) -> None:
    """Put a file in its place at once, whole, for this user alone unless ``mode`` says else. Raises `OSError`."""
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as opened:
        opened.write(text)
    partial.replace(file)
