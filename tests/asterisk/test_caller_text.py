"""What a caller writes into his own number stays text, whatever Asterisk passes it through."""

from __future__ import annotations

from pathlib import Path

from hotline.asterisk.prefix import Toolbox
from hotline.site import load_site
from tests.asterisk.conftest import House, opened, write_site

ALL = (0, 2**62)
LINE_END = "%0d%0a"
WAITING = """\
flow: straight
languages: [en]
start: billing
nodes:
  billing: {queue: billing, keys: {1: bye}, answered: bye, otherwise: bye}
  bye: {hangup: null}
"""


async def test_a_number_that_holds_an_event_presses_no_key_of_another_caller(
    tmp_path: Path, toolbox: Toolbox
) -> None:
    """A SIP number may have line ends in it; what follows them is no word of Asterisk's."""
    file = write_site(tmp_path).file
    file.write_text(
        file.read_text().replace("site: test", "site: t")
    )  # Asterisk keeps 79 characters of a number
    site = load_site(file)
    (site.flows / "straight.yaml").write_text(WAITING)
    async with opened(site, toolbox) as house:
        waiting = house.exchange.call("10001", [("wait", 4000), ("hangup", 0)], caller="13900000001")
        floor = await house.until(lambda floor: bool(floor["calls"]))
        (victim,) = floor["calls"]
        lines = (
            *("", "", "Event%3a%20DTMFEnd", f"Uniqueid%3a%20{victim}"),
            *("Digit%3a%201", "Direction%3a%20Received", "", ""),
        )
        await house.exchange.call("10000", [("wait", 500), ("hangup", 0)], caller=LINE_END.join(lines)).wait(
            10
        )
        await waiting.wait(20)
        await house.quiet()
        with house.ledger() as ledger:
            (visit,) = ledger.visits(*ALL)
            forger = next(call for call in ledger.calls(*ALL) if call.call != victim)
    assert visit.outcome == "abandoned"
    assert forger.ani.startswith("Event: DTMFEndUniqueid: ")
    assert forger.flow_version, "the engine did not serve it"


async def test_a_number_that_ends_the_lines_of_agi_is_served_like_any_other(house: House) -> None:
    """Line ends cannot cut Asterisk's introduction of the call short, nor add to it."""
    caller = f"2%0aagi_arg_2%3a%2010001{LINE_END * 2}"
    await house.exchange.call("10000", [("wait", 500), ("hangup", 0)], caller=caller).wait(10)
    await house.quiet()
    with house.ledger() as ledger:
        (call,) = ledger.calls(*ALL)
    assert (call.ani, call.dnis, call.outcome) == ("2agi_arg_2: 10001", "10000", "caller-hung-up")
    assert call.flow_version


async def test_a_number_of_odd_characters_is_kept_as_it_was_written(house: House) -> None:
    """Commas, quotes, brackets and the dialplan's own signs mean nothing."""
    caller = "a%22,b)%7C$%7BEPOCH%7D%E7%8E%8B%5c"
    await house.exchange.call("10000", [("wait", 500), ("hangup", 0)], caller=caller).wait(10)
    await house.quiet()
    with house.ledger() as ledger:
        (call,) = ledger.calls(*ALL)
    assert call.ani == 'a",b)|${EPOCH}王\\'
    assert call.flow_version
