"""Days later, out of the ledger alone: each decision made again is the one that was made."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from hotline.explain.decision import decision
from hotline.explain.past import Past
from ledger.floor import FloorReader
from tests.unit.recorded_world import BEGAN, SITE, live_and_record


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_every_offer_of_a_random_history_is_decided_again_as_it_was(seed: int, tmp_path: Path) -> None:
    """The seat was the best of those that the caller might have, or fell free when it was his turn there."""
    record = live_and_record(1_500, seed)
    with closing(FloorReader(record.store(tmp_path))) as reader:
        past = Past(
            reader.period(SITE, SITE, BEGAN, record.events[-1].at), partial(reader.last_offers, SITE, SITE)
        )
        made = {offer.offer: decision(past, offer) for offer in past.period.offers}
        floors = [past.before(offer, late=True) for offer in past.period.offers]
    assert len(made) > 150
    assert [offer for offer, again in made.items() if again is None or not again.agrees] == []
    assert [again.due.visit for again in made.values() if again] == [one.visit for one in past.period.offers]
    counted = [(still.ready, still.waiting) for still in floors if still is not None]
    recorded = [(one.why["seats_ready"], one.why["callers_waiting"]) for one in past.period.offers]
    # Within a millisecond the ledger keeps no order, so a floor may be a step ahead of the one that was decided on.
    assert sum(ours == theirs for ours, theirs in zip(counted, recorded, strict=True)) > 0.97 * len(recorded)
