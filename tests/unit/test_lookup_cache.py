"""Answers that are still good: how long, how many, and nothing to read in them of what was asked."""

from __future__ import annotations

from hotline.lookup.cache import LARGEST, Cache


def test_an_answer_is_good_for_its_time_and_no_longer() -> None:
    cache = Cache(seconds=60)
    cache.keep({"number": "1"}, {"name": "Ann"}, now=100)
    assert cache.recall({"number": "1"}, now=159.9) == ({"name": "Ann"},)
    assert cache.recall({"number": "1"}, now=160) is None
    assert len(cache) == 0


def test_that_there_is_nothing_is_an_answer() -> None:
    cache = Cache(seconds=60)
    cache.keep({}, None, now=0)
    assert cache.recall({}, now=1) == (None,)


def test_a_text_and_a_number_are_not_the_same_question() -> None:
    cache = Cache(seconds=60)
    cache.keep({"number": 1}, "number", now=0)
    assert cache.recall({"number": "1"}, now=0) is None


def test_the_least_used_answer_goes_first() -> None:
    cache = Cache(seconds=60, most=2)
    cache.keep({"n": 1}, 1, now=0)
    cache.keep({"n": 2}, 2, now=0)
    cache.recall({"n": 1}, now=0)
    cache.keep({"n": 3}, 3, now=0)
    assert [cache.recall({"n": n}, now=0) for n in (1, 2, 3)] == [(1,), None, (3,)]


def test_a_large_answer_is_not_kept() -> None:
    cache = Cache(seconds=60)
    cache.keep({}, "x" * LARGEST, now=0)
    assert len(cache) == 0


def test_what_was_asked_is_not_kept_readably() -> None:
    cache = Cache(seconds=60)
    cache.keep({"card": "4929123456789012"}, {}, now=0)
    assert "4929123456789012" not in str(vars(cache))
