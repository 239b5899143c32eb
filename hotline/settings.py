"""What ``config.yaml`` may say: every key, its form, its default and its meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hotline.lookup.settings import Lookup
from ivr.language.duration import Milliseconds
from ivr.language.hours import Schedule
from ivr.language.part import Part
from ivr.reading.problem import did_you_mean

Level = Annotated[int, Field(ge=1, le=5)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{1,20}$")]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]
Port = Annotated[int, Field(ge=1, le=65535)]
MQTT_ADDRESS = re.compile(r"mqtts?://[^/:@\s]+(:\d{1,5})?")


def _forward_ranges(pattern: str) -> str:
    if backwards := next((r for r in re.findall(r"[0-9]-[0-9]", pattern) if r[0] > r[2]), None):
        raise ValueError(f"the range {backwards} runs backwards; write {backwards[::-1]}")
    return pattern


Pattern = Annotated[
    str,
    StringConstraints(pattern=r"^\+?([0-9XZN]|\[[0-9]+(-[0-9])?[0-9]*\]){1,30}[.!]?$", max_length=60),
    AfterValidator(_forward_ranges),
]


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no time zone is named {name!r}{did_you_mean(name, available_timezones(), most=0)}")
    return name


def _address(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        address = None
    if address is None or "%" in text:  # what follows a % is free text, and would stand in Asterisk's files
        raise ValueError(f"{text!r} is no IP address; write one as 127.0.0.1 or 192.0.2.7")
    return str(address)


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError(f"{text!r} is no IP address or network; write 192.0.2.7 or 192.0.2.0/28") from None


def _whole_seconds(duration: int) -> int:
    if duration < 1000 or duration % 1000:
        raise ValueError("Asterisk counts this in whole seconds; write 1s or more, without a fraction")
    return duration


def _database(url: str) -> str:
    try:
        driver = make_url(url).get_backend_name()
    except ArgumentError:
        driver = ""
    if driver not in ("sqlite", "postgresql"):
        raise ValueError("write sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME")
    return url


def _mqtt(url: str) -> str:
    if not MQTT_ADDRESS.fullmatch(url):
        raise ValueError(f"{url!r} is no MQTT address; write mqtt://HOST:PORT or mqtts://HOST:PORT")
    return url


class Ports(Part):
    """Where the parts listen."""

    sip: Port = Field(5060, description="SIP over UDP and TCP: phones and trunks")
    sip_tls: Port | None = Field(None, description="SIP over TLS; needs tls.certificate and tls.key")
    rtp_first: Port = Field(10000, description="first UDP port for voice")
    rtp_last: Port = Field(10999, description="last UDP port for voice; two for each voice path")
    agi: Port = Field(4573, description="FastAGI, on loopback: Asterisk asks the engine")
    mqtt: Port = Field(
        1883, description="MQTT, on loopback: the hotline's own broker, unless `mqtt` names another"
    )
    metrics: Port | None = Field(
        None, description="figures for Prometheus, on loopback; none when nothing is said (docs/metrics.md)"
    )
    ami: Port = Field(5038, description="AMI, on loopback: the engine listens to Asterisk")


class Tls(Part):
    """The certificate that SIP over TLS shows."""

    certificate: Path = Field(description="PEM file with the certificate and its chain")
    key: Path = Field(description="PEM file with the private key")
    authorities: Path | None = Field(
        None,
        description="PEM file with the authorities that may have signed a carrier's certificate; "
        "the system's own when nothing is said",
    )


class Entry(Part):
    """What a dialled number leads to."""

    flow: str = Field(description="the flow that answers")
    language: str = Field("zh", description="the language in which it begins")
    tier: str | None = Field(None, description="the tier of all who call it: a number for VIPs")


class Widening(Part):
    """What changes for a caller who has waited so long. It takes effect at its time, whoever rings meanwhile."""

    after: Milliseconds = Field(description="so long after his arrival")
    skills: Mapping[str, Level] = Field(
        default_factory=dict,
        description="skills that a seat must have from now on, at levels lower or higher than before",
    )
    drop: tuple[str, ...] = Field((), description="skills that are not needed any more")
    groups: tuple[str, ...] = Field((), description="seats of these groups may serve him too")
    partner: str | None = Field(None, description="seats that serve this queue may serve him too")


class Queue(Part):
    """Callers who wait for somebody with the same skills."""

    skills: Mapping[str, Level] = Field(
        description="skills that a seat must have, each with its least level, 1-5"
    )
    ring: Milliseconds = Field(15_000, description="how long a seat's phone rings")
    wrap_up: Milliseconds = Field(10_000, description="time for the agent's notes after a conversation")
    priority: int = Field(
        0, ge=-100, le=100, description="higher goes first at a seat that serves several queues"
    )
    capacity: int | None = Field(None, ge=1, description="most callers waiting; one more leaves by `full`")
    longest_wait: Milliseconds | None = Field(None, description="after it a caller leaves by `timeout`")
    longest_estimate: Milliseconds | None = Field(
        None, description="a caller whose wait is estimated to be longer leaves by `long_wait`"
    )
    prefer: tuple[str, ...] = Field(
        (), description="skills that are wanted, not needed: who has more of them goes first"
    )
    groups: tuple[str, ...] = Field(
        (), description="only seats of these groups serve it, where any are named"
    )
    widen: tuple[Widening, ...] = Field(
        (), description="what changes while a caller waits, the earlier first"
    )
    seats: Literal["longest-idle", "least-busy", "best-skilled", "least-skilled", "round-robin"] = Field(
        "longest-idle", description="which of several seats that are free is rung; equals by the longest idle"
    )
    ring_all: int = Field(
        1, ge=1, le=5, description="so many seats ring at once, if so many are free; the first to answer wins"
    )
    whisper: Mapping[str, str] = Field(
        default_factory=dict,
        description="what an agent hears when he answers, before the caller does: {zh: 宽带报障, en: Broadband faults}",
    )
    target: Milliseconds = Field(
        20_000, description="the wait that is aimed at; it counts where the site's `order` is `target`"
    )
    owner_wait: Milliseconds = Field(
        0,
        description="so long a caller waits for the agent who owns his case, or served him last; then others are asked",
    )


class Agent(Part):
    """A person who answers calls."""

    name: str = Field(min_length=1, max_length=60, description="the name that people read")
    skills: Mapping[str, Level] = Field(description="what the agent can do, with levels 1-5")
    number: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}$")] | None = Field(
        None, description="the number by which the agent signs in from a phone, with a PIN (`hotline agents`)"
    )
    phone: str | None = Field(
        None, description="the phone at which the agent is signed in when the hotline starts"
    )
    ranks: Mapping[str, int] = Field(
        default_factory=dict,
        description="queues with their rank for this agent: less goes first, 1 where none is given",
    )
    wrap_up: Milliseconds | None = Field(None, description="time for notes, in place of the queue's")


class Phone(Part):
    """A telephone at which an agent can sign in. Its user name and password are generated at first run."""

    contacts: int = Field(1, ge=1, le=5, description="how many devices may register as this phone")


class Registration(Part):
    """How a carrier wants us to register."""

    server: Host = Field(description="the registrar, HOST or HOST:PORT")
    username: str = Field(pattern=r"^[A-Za-z0-9_.+-]+$", description="the account")
    password_env: str = Field(
        pattern=r"^[A-Z_][A-Z0-9_]*$", description="environment variable with the password"
    )
    number: str | None = Field(
        None,
        pattern=r"^\+?[0-9]{1,20}$",
        description="the number that the carrier shall call us by; the account when nothing is said",
    )
    expires: Annotated[Milliseconds, AfterValidator(_whole_seconds)] = Field(
        300_000, description="for how long a registration holds; it is renewed in good time"
    )


class Trunk(Part):
    """A line to the telephone network: the only way in for callers."""

    address: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        (), description="calls are taken from these addresses"
    )
    host: Host | None = Field(
        None, description="where calls out are sent, HOST or HOST:PORT; the registrar when nothing is said"
    )
    register_: Registration | None = Field(None, alias="register", description="register with the carrier")
    codecs: tuple[Literal["alaw", "ulaw", "g722"], ...] = Field(
        ("alaw", "ulaw"), min_length=1, description="voice codecs, the preferred one first"
    )
    dtmf: Literal["rfc4733", "inband", "info", "auto"] = Field("rfc4733", description="how key presses come")
    nat: bool = Field(False, description="the carrier, or we, are behind NAT")
    tls: bool = Field(False, description="SIP over TLS and voice over SRTP")
    rtp_timeout: Annotated[Milliseconds, AfterValidator(_whole_seconds)] = Field(
        60_000, description="a call without voice packets for so long is ended"
    )


class Tier(Part):
    """A class of customers."""

    level: int = Field(ge=1, le=9, description="higher is more")
    credit: Milliseconds = Field(0, description="counts as if waited already when he arrives")


class Customer(Part):
    """A customer who is known by his number."""

    tier: str | None = Field(None, description="his tier")
    owner: str | None = Field(None, description="the agent who owns his case, and is asked first")


class Reserve(Part):
    """Seats that are kept free for customers of a tier."""

    skill: str = Field(description="seats with this skill")
    level: Level = Field(1, description="at this level or above")
    keep: int = Field(1, ge=1, le=100, description="so many that are ready are kept")
    tier: str = Field(description="for customers of this tier or a higher one")


class Outbound(Part):
    """Numbers that may be called from here; none when nothing is said."""

    trunk: str | None = Field(None, description="the trunk that carries calls out")
    allow: tuple[Pattern, ...] = Field((), description="Asterisk number patterns without the _: 0755XXXXXXXX")
    per_number_daily: int = Field(
        3,
        ge=0,
        description="most calls in a day to one number that a caller gave, or can influence, in a flow",
    )
    daily: int = Field(100, ge=0, description="most such calls in a day to all numbers together")


class Callbacks(Part):
    """How customers who asked for it are called."""

    automatic: bool = Field(
        True,
        description="the hotline itself calls, by `outbound.trunk`, when the customer's turn comes; otherwise the "
        "requests are kept for people (`hotline callbacks`)",
    )
    attempts: int = Field(3, ge=1, le=20, description="so often a customer is tried at most")
    retry: Milliseconds = Field(
        900_000, description="so long after an attempt that failed the next one is made"
    )
    ring: Annotated[Milliseconds, AfterValidator(_whole_seconds)] = Field(
        30_000, description="how long the customer's phone rings"
    )
    longest: Milliseconds = Field(
        86_400_000, description="a request that could not be met so long after it was due is given up"
    )
    hours: Schedule | None = Field(
        None,
        description="when customers may be called, written as in docs/hours.md; always when nothing is said",
    )
    greeting: Mapping[str, str] = Field(
        default_factory=lambda: {
            "zh": "您好，这是您预约的回电，正在为您接通坐席，请稍候。",
            "en": "Hello. This is the call that you asked for. We are putting you through to an agent.",
        },
        description="what a customer hears when he answers, by language",
    )


class Retention(Part):
    """How long persons' data are kept; counts are kept for ever."""

    calls: Milliseconds | None = Field(
        None,
        description="numbers, and what else tells who somebody is, as 400d; for ever when nothing is said",
    )
    recordings: Milliseconds | None = Field(
        None, description="what callers left in boxes, as 90d; for ever when nothing is said"
    )


class Rona(Part):
    """What follows when an agent does not answer."""

    misses: int = Field(1, ge=1, le=10, description="so many offers missed in a row make the seat not ready")
    pause: Milliseconds = Field(60_000, description="after it the seat is ready again")


class Away(Part):
    """What callers meet while the engine is away."""

    apologise_after: Milliseconds = Field(20_000, description="music for so long, then the apology")
    language: str = Field("zh", description="the language of the apology")


class Settings(Part):
    """The whole of ``config.yaml``."""

    site: Name = Field(description="the site's name, in every record")
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
        "UTC", description="IANA name; for reading, never storing"
    )
    data: Path = Field(Path("var"), description="folder of all that is written, from this file's folder")
    flows: Path = Field(Path("flows"), description="folder of the flows, from this file's folder")
    asterisk: Literal["own", "external"] = Field(
        "own",
        description="`own`: the hotline starts and stops an Asterisk of its own; `external`: it works with one "
        "that runs on this machine already (docs/own-asterisk.md)",
    )
    listen: Annotated[str, AfterValidator(_address)] = Field(
        "127.0.0.1", description="address for SIP and voice"
    )
    public_address: Annotated[str, AfterValidator(_address)] | None = Field(
        None, description="our address as the carrier sees it, when we are behind NAT"
    )
    ports: Ports = Field(Ports(), description="where the parts listen")
    tls: Tls | None = Field(None, description="the certificate for SIP over TLS")
    database: Annotated[str, AfterValidator(_database)] | None = Field(
        None, description="SQLAlchemy URL of the ledger; SQLite in the data folder when nothing is said"
    )
    mqtt: Annotated[str, AfterValidator(_mqtt)] | None = Field(
        None,
        description="the broker for live figures, in place of our own; "
        "user and password come from HOTLINE_MQTT_USER and HOTLINE_MQTT_PASSWORD",
    )
    queue_log: bool = Field(
        False,
        description="write our calls into Asterisk's own `queue_log` too, for tools that read it (docs/history.md)",
    )
    retention: Retention = Field(Retention(), description="how long persons' data are kept")
    music: Literal["music", "silence"] = Field("music", description="what waiting callers hear")
    numbers: Mapping[Number, Entry] = Field(min_length=1, description="dialled number to flow")
    codes: Mapping[Annotated[str, StringConstraints(pattern=r"^[*][0-9]{1,6}$")], Entry] = Field(
        default_factory=dict,
        description='what agents dial from the site\'s phones, as "*50", to flow; no caller can (docs/seats.md)',
    )
    skills: tuple[Name, ...] = Field(min_length=1, description="every skill that is used below")
    languages: Mapping[Name, Mapping[str, Level]] = Field(
        default_factory=dict, description="skills that a caller's language asks for on top of the queue's"
    )
    queues: Mapping[Name, Queue] = Field(min_length=1, description="the queues that flows send callers to")
    agents: Mapping[Name, Agent] = Field(min_length=1, description="the people who answer")
    groups: Mapping[Name, tuple[str, ...]] = Field(
        default_factory=dict, description="groups of agents, by name"
    )
    order: Literal["priority", "target"] = Field(
        "priority",
        description="who goes first at a seat that serves several queues: by priority and then age, or the one whose "
        "queue's `target` runs out first",
    )
    ageing: Milliseconds | None = Field(
        None,
        description="for each such time that he waits, a caller gains one step of priority, up to 10: nobody starves",
    )
    tiers: Mapping[Name, Tier] = Field(default_factory=dict, description="classes of customers, by name")
    customers: Mapping[Number, Customer] = Field(
        default_factory=dict, description="customers who are known, by number"
    )
    reserves: tuple[Reserve, ...] = Field((), description="seats kept free for customers of a tier")
    phones: Mapping[Annotated[str, StringConstraints(pattern=r"^[0-9]{2,10}$")], Phone] = Field(
        min_length=1, description="the telephones on the desks, by number"
    )
    trunks: Mapping[Name, Trunk] = Field(min_length=1, description="the lines to the telephone network")
    outbound: Outbound = Field(
        Outbound(), description="calls to the outside, of the agents' phones and of flows"
    )
    lookups: Mapping[Name, Lookup] = Field(
        default_factory=dict, description="the services that flows ask (docs/lookups.md)"
    )
    callbacks: Callbacks = Field(Callbacks(), description="calls to customers who asked for them")
    rona: Rona = Field(Rona(), description="what follows when an agent does not answer")
    away: Away = Field(Away(), description="what callers meet while the engine is away")
    service_level: Milliseconds = Field(15_000, description="the threshold T of the service level")
    short_abandon: Milliseconds = Field(5_000, description="an abandoned call that waited no longer is short")
