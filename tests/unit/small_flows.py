"""Small flows for tests, loaded as real ones are."""

from __future__ import annotations

from pathlib import Path

from ivr.language.flow import FlowSet
from ivr.reading.loader import load_flows
from ivr.reading.names import LookupForm, SiteNames

SITE = SiteNames(
    queues=("faults", "sales"),
    seats=("wang",),
    lookups={"customer": LookupForm(frozenset({"number"}))},
    allows=lambda number: number.startswith("1"),
)
HEAD = """\
flow: {name}
languages: [en, zh]
start: {start}
prompts:
  hello: {{en: Hello., zh: 您好。}}
  choose: {{en: Press 1 or 2., zh: 请按1或2。}}
  wrong: {{en: Wrong., zh: 有误。}}
  card: {{en: Your card?, zh: 卡号？}}
  owed: {{en: ["You owe", {{number: 7}}], zh: ["您欠", {{number: 7}}]}}
  speak: {{en: Speak now., zh: 请讲。}}
  rate: {{en: Rate us., zh: 请评价。}}
  bye: {{en: Bye., zh: 再见。}}
nodes:
"""


def flow(nodes: str, name: str = "demo", **keys: str) -> str:
    """Return a flow's text; it begins at its first node."""
    lines = [line.strip() for line in nodes.strip().splitlines()]
    head = HEAD.format(name=name, start=lines[0].partition(":")[0])
    extra = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return extra + head + "".join(f"  {line}\n" for line in lines)


def live_of(folder: Path, *texts: str) -> FlowSet:
    """Return the flows of some texts."""
    for number, text in enumerate(texts):
        (folder / f"flow{number}.yaml").write_text(text, encoding="utf-8")
    return load_flows(folder, SITE)
