"""The examples' site for the tests: its flows in a house with ports of its own, open and closed as is wanted."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from hotline.site import Site, load_site
from tests.asterisk.conftest import free_ports

EXAMPLES = Path(__file__).parents[2] / "flows" / "examples"


def flow(name: str, hours: str, *, called: str = "", **sooner: str) -> str:
    """Return an example as it is, but for its hours in these days, a name of its own, and figures to be met sooner."""
    text = (EXAMPLES / f"{name}.yaml").read_text()
    for was, now in sooner.items():
        assert text.count(was) == 1
        text = text.replace(was, now)
    written = yaml.safe_load(text)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    days = f"{today - timedelta(days=2)}..{today + timedelta(days=2)}"
    for schedule in written.get("hours", {}).values():
        schedule["special"] = {days: hours}
    return yaml.safe_dump(written | {"flow": called or name}, allow_unicode=True)


def write_site(folder: Path, bank: str) -> Site:
    """Write the examples' site with ports of its own, each flow open, and two of them closed as well.

    Support has an agent of its own, who comes late.
    """
    sip, agi, ami, mqtt, rtp = free_ports(5)
    rtp = min(rtp, 64000) // 2 * 2
    settings = yaml.safe_load((EXAMPLES / "site" / "config.yaml").read_text())
    settings["flows"] = "flows"
    settings["numbers"] |= {
        "8011": {"flow": "bank-closed", "language": "zh"},
        "8012": {"flow": "six-ways-closed", "language": "en"},
    }
    settings["ports"] = {
        "sip": sip, "agi": agi, "ami": ami, "mqtt": mqtt, "rtp_first": rtp, "rtp_last": rtp + 400,
    }  # fmt: skip
    settings["trunks"]["loopback"]["dtmf"] = "inband"
    settings["lookups"]["account"]["url"] = f"{bank}/account"
    settings["skills"].append("support")
    settings["queues"]["support"]["skills"] = {"support": 1}
    settings["agents"]["cat"] = {"name": "Cat", "phone": "6003", "skills": {"support": 1}}
    settings["phones"]["6003"] = {}
    for queue in settings["queues"].values():
        queue |= {"ring": "5s", "wrap_up": "200ms"}
    (folder / "flows").mkdir()
    always = "00:00-24:00"
    written = {
        "bank": flow("bank", always),
        "bank-closed": flow("bank", "closed", called="bank-closed"),
        "six-ways": flow("six-ways", always),
        "six-ways-closed": flow("six-ways", "closed", called="six-ways-closed"),
        "queue-choices": flow("queue-choices", always, **{"300.0": "0.3"}),
        "demo": flow("demo", always),
    }
    for name, text in written.items():
        (folder / "flows" / f"{name}.yaml").write_text(text)
    (folder / "config.yaml").write_text(json.dumps(settings))
    return load_site(folder / "config.yaml")
