"""Flows that use every verb of the language, each at a number of its own, and a small site for them."""

from __future__ import annotations

import json
from pathlib import Path

from hotline.site import Site, load_site
from tests.asterisk.conftest import free_ports

PROMPTS = """\
prompts:
  ask: {zh: 请按键, en: Press a key.}
  right: {zh: 对吗, en: Right?}
  again: {zh: 请重新输入, en: Again please.}
  bye: {zh: 再见, en: Bye.}
"""
FLOWS = {
    "8101": """\
flow: values
languages: [zh, en]
start: number
nodes:
  number:
    {collect: ask, into: number, length: 4, pattern: "[14]XXX", confirm: right, invalid_prompt: again, next: digits,
     failure: bye}
  digits: {play: [{digits: =vars.number}], next: amount}
  amount: {play: [{number: 1203}], next: money}
  money: {play: [{money: "105.55"}], next: date}
  date: {play: [{date: "2027-02-17"}], next: time}
  time: {play: [{time: "14:30"}], next: duration}
  duration: {play: [{duration: 3725}], next: bye}
  bye: {hangup: bye}
""",
    "8103": """\
flow: lookups
languages: [en]
start: choice
nodes:
  choice: {menu: ask, keys: {1: quick, 2: slow, 3: broken}, failure: bye}
  quick: {lookup: quick, into: found, next: known, error: person}
  known: {tag: {name: =vars.found.name}, next: bye}
  slow: {lookup: slow, into: found, wait: 1500ms, next: bye, timeout: bye, error: person}
  broken: {lookup: broken, into: found, next: bye, error: person}
  person: {queue: desk, answered: bye, otherwise: bye}
  bye: {hangup: bye}
""",
    "8104": """\
flow: faulty
languages: [en]
start: text
error: person
nodes:
  text: {set: {text: twelve}, next: broken}
  broken: {set: {number: =int(vars.text)}, next: bye}
  person: {queue: desk, answered: bye, otherwise: bye}
  bye: {hangup: bye}
""",
    "8105": """\
flow: helpless
languages: [en]
start: text
nodes:
  text: {set: {text: twelve}, next: broken}
  broken: {play: [{money: =vars.text}], next: bye}
  bye: {hangup: bye}
""",
    "8106": """\
flow: rated
languages: [en]
start: talk
prompts:
  friendly: {en: Friendly?}
  solved: {en: Solved?}
nodes:
  talk: {queue: desk, answered: rate, otherwise: bye}
  rate: {survey: [friendly, solved], invalid_prompt: again, next: bye}
  bye: {hangup: bye}
""",
    "8107": """\
flow: elsewhere
languages: [en]
start: choice
nodes:
  choice: {menu: ask, keys: {1: outside, 2: engaged, 3: seat, 4: own}, failure: bye}
  outside: {transfer: {number: "0755105200"}, answered: bye, failure: choice}
  engaged: {transfer: {number: "0755100486"}, answered: bye, busy: bye, failure: choice}
  seat: {transfer: {seat: bob, queue: desk}, answered: bye, failure: choice}
  own: {transfer: {number: =caller.number}, answered: bye, not_allowed: bye, failure: choice}
  bye: {hangup: bye}
""",
    "8108": """\
flow: notices
languages: [en]
start: choice
nodes:
  choice: {menu: ask, keys: {1: south, 2: north}, failure: bye}
  south: {set: {area: south}, next: news}
  north: {set: {area: north}, next: news}
  news: {announce: {area: =vars.area, service: broadband}, next: quiet, heard: bye}
  quiet: {play: again, next: bye}
  bye: {hangup: bye}
""",
    "8109": """\
flow: halves
languages: [en]
start: half
nodes:
  half: {split: {left: 50, right: 50}}
  left: {hangup: bye}
  right: {hangup: bye}
""",
    "8110": """\
flow: waiting
languages: [en]
start: line
nodes:
  line: {queue: line, keys: {1: pause, 2: other, 3: figures}, answered: bye, otherwise: bye}
  pause: {play: again, next: line}
  other: {queue: other, keys: {1: bye}, answered: bye, otherwise: bye}
  figures: {set: {waiting: =queue.other.waiting, ready: =queue.other.seats_ready}, next: many}
  many:
    switch: [{if: vars.ready > 0, then: bye}, {if: vars.waiting == 1 && queue.other.longest_wait > 0.0, then: tell}]
    otherwise: bye
  tell: {tag: {ready: =vars.ready}, next: bye}
  bye: {hangup: bye}
""",
    "8111": """\
flow: within
languages: [en]
start: remember
nodes:
  remember: {set: {kept: outer, tries: =1 + 1}, next: who}
  who: {flow: identify, with: {least: =vars.tries}, into: who, exits: {found: note}, next: bye}
  note: {tag: {kept: =vars.kept, id: =vars.who.id, least: =vars.who.least}, next: more}
  more: {menu: ask, keys: {1: last}, tries: 1, wait: 15s, failure: bye}
  last: {tag: {end: =vars.kept}, next: bye}
  bye: {hangup: bye}
""",
    "": """\
flow: identify
languages: [en]
arguments: [least]
start: id
nodes:
  id: {collect: ask, into: id, length: 3, wait: 15s, next: known, failure: unknown}
  known: {switch: [{if: 'vars.id == "777"', then: found}], otherwise: unknown}
  found: {return: found, with: {id: =vars.id, least: =vars.least}}
  unknown: {return: unknown}
""",
    "8112": """\
flow: noted
languages: [en]
start: address
nodes:
  address: {record: ask, into: address, silence: 2s, next: later}
  later:
    {callback: desk, number: =caller.number, at: "2099-01-02 10:30", skills: {help: 2}, next: bye, not_allowed: bye}
  bye: {hangup: bye}
""",
    "8113": """\
flow: guarded
languages: [en]
start: pin
nodes:
  pin: {collect: ask, into: pin, length: 4, secret: true, next: sure, failure: bye}
  sure: {menu: ask, keys: {1: check}, tries: 1, wait: 15s, failure: bye}
  check: {lookup: guarded, with: {pin: =vars.pin}, into: account, secret: true, next: bye, error: person}
  person: {queue: desk, answered: bye, otherwise: bye}
  bye: {hangup: bye}
""",
}
PIN = "9081"


def write_site(folder: Path, service: str, carrier: int) -> Site:
    """Write a site for these flows, with a service at an address and a carrier at a port of loopback.

    Each queue has a seat of its own, desk has two.
    """
    sip, agi, ami, mqtt, rtp = free_ports(5)
    rtp = min(rtp, 64000) // 2 * 2
    numbers = {number: text.split()[1] for number, text in FLOWS.items() if number}
    queues = {"desk": "help", "line": "line", "other": "other"}
    settings = {
        "site": "verbs",
        "numbers": {
            **{number: {"flow": name, "language": "en"} for number, name in numbers.items()},
            "8102": {"flow": "values", "language": "zh"},
            "8101": {"flow": "values", "language": "en"},
        },
        "skills": ["help", "line", "other"],
        "queues": {
            name: {"skills": {skill: 1}, "ring": "8s", "wrap_up": "200ms"} for name, skill in queues.items()
        },
        "agents": {
            "ann": {"name": "Ann", "phone": "6001", "skills": {"help": 3}},
            "bob": {"name": "Bob", "phone": "6002", "skills": {"help": 1}},
            "cai": {"name": "Cai", "phone": "6003", "skills": {"line": 1}},
            "dan": {"name": "Dan", "phone": "6004", "skills": {"other": 1}},
        },
        "phones": {f"600{n}": {} for n in range(1, 5)},
        "trunks": {
            "loopback": {"address": ["127.0.0.1"], "dtmf": "inband"},
            "carrier": {"address": ["127.0.0.2"], "host": f"127.0.0.1:{carrier}"},
        },
        "outbound": {"trunk": "carrier", "allow": ["0755XXXXXX", "139XXXXXXXX"], "per_number_daily": 1},
        "lookups": {
            **{name: {"url": f"{service}/{name}", "timeout": "5s"} for name in ("quick", "slow", "broken")},
            "guarded": {
                "url": f"{service}/guarded",
                "method": "POST",
                "body": {"pin": "{pin}"},
                "arguments": ["pin"],
            },
        },
        "ports": {"sip": sip, "agi": agi, "ami": ami, "mqtt": mqtt, "rtp_first": rtp, "rtp_last": rtp + 600},
    }
    (folder / "flows").mkdir()
    (folder / "flows" / "prompts.yaml").write_text(PROMPTS)
    for text in FLOWS.values():
        (folder / "flows" / f"{text.split()[1]}.yaml").write_text(text)
    (folder / "config.yaml").write_text(json.dumps(settings))
    return load_site(folder / "config.yaml")
