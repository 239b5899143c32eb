"""Spoken values in every language: known words, and refusals that tell nothing."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.saying import CURRENCIES, KINDS, LANGUAGES, Unspeakable, vocabulary, words

decimals = st.decimals(-(10**15) + 1, 10**15 - 1, allow_nan=False) | st.decimals(
    -10_000, 10_000, places=2, allow_nan=False
)
numbers = st.integers(-(10**15) + 1, 10**15 - 1) | st.floats(-1e14, 1e14) | decimals
zones = st.none() | st.just(timezone(timedelta(hours=8)))
datetimes = st.datetimes(datetime.fromisoformat("1000-01-01"), timezones=zones)
durations = st.integers(0, 863_999_999) | st.integers(0, 200_000) | st.floats(0, 863_999_999)
VALID: dict[str, st.SearchStrategy[object]] = {
    "digits": st.text("0123456789*#+", min_size=1, max_size=64)
    | st.from_regex("[0-9]([ -]?[0-9*#]){0,25}", fullmatch=True),
    "number": numbers | st.integers(-99_999, 99_999) | decimals.map(lambda number: f"{number:f}"[:20]),
    "money": numbers | st.integers(0, 99_999).map(lambda hundredths: Decimal(hundredths).scaleb(-2)),
    "date": datetimes | datetimes.map(datetime.isoformat) | st.dates(date(1000, 1, 1)),
    "time": datetimes | datetimes.map(datetime.isoformat) | st.times() | st.times().map(time.isoformat),
    "duration": durations | st.timedeltas(timedelta(0), timedelta(9_999)) | durations.map(str),
}
ANY = (
    st.none()
    | st.booleans()
    | st.text()
    | st.text("0123456789.:-+ eTZhms", max_size=30)
    | st.binary()
    | st.integers()
    | st.floats()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.fractions()
    | st.complex_numbers()
    | st.lists(st.integers())
    | st.dictionaries(st.text(), st.integers())
    | st.dates()
    | st.times()
    | st.datetimes(timezones=zones)
    | st.timedeltas()
    | st.builds(object)
)


def refusal(kind: str, value: object, language: str = "en", currency: str = "CNY") -> Unspeakable:
    with pytest.raises(Unspeakable) as caught:
        words(kind, value, language, currency=currency)
    return caught.value


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), currency=st.sampled_from(list(CURRENCIES)))
def test_a_right_value_is_said_in_words_that_are_known_before(
    kind: str, language: str, data: st.DataObject, currency: str
) -> None:
    value = data.draw(VALID[kind])
    said = words(kind, value, language, currency=currency)
    assert said
    assert set(said) <= vocabulary(kind, language, currency=currency)


@pytest.mark.parametrize("kind", KINDS)
@given(value=ANY)
@example(Decimal("sNaN"))
@example(Decimal("1E+999999"))
@example(Decimal("1E-999999"))
@example(10**5000)
@example("9" * 5000)
@example("٣")
@example("2027-01-01\ud80010:00")
@example(timedelta.max)
def test_any_value_is_said_in_known_words_or_refused_without_a_trace_of_it(kind: str, value: object) -> None:
    try:
        assert set(words(kind, value, "zh")) <= vocabulary(kind, "zh")
    except Unspeakable as refused:
        error = refused
    else:
        return
    assert str(error) == str(refusal(kind, object()))
    assert error.__context__ is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *product(
            KINDS, [True, None, "", "   ", b"1", "x", float("nan"), Decimal("Infinity"), [1], Fraction(1)]
        ),
        *product(["number", "money"], [10**15, -(10**15), 1e15, "1,000", "1e15", "1 000", "0x1", "1."]),
        *product(["number", "money"], ["999999999999999.9999999"]),
        *product(["digits"], [-1, 1.5, "-", "12a", "1" * 65, 10**64]),
        *product(["date"], ["0999-12-31", "2027-02-29", "2027-13-01", "17.2.2027"]),
        *product(["date"], [20270217, time(1), date(999, 1, 1)]),
        *product(
            ["time"], ["24:00", "12:60", "2027-02-17", "20270217", "14", "2027-02", 1430, date(2027, 1, 1)]
        ),
        *product(["duration"], [-1, "-1s", "1m1h", "5 apples", 864_000_000, "863999999.5"]),
        *product(["duration"], [timedelta(-1), timedelta.max]),
    ],
)
def test_what_is_no_value_of_the_kind_is_refused(kind: str, value: object) -> None:
    error = refusal(kind, value)
    assert error.what == kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_tells_what_is_wanted(kind: str) -> None:
    error = refusal(kind, object())
    assert f"a value cannot be spoken as {kind}; give {error.wanted}" == str(error)


@pytest.mark.parametrize("language", ["zh-TW", "zh_CN", "ZH", "zh-Hans-CN"])
def test_a_language_with_a_region_is_spoken_as_the_language(language: str) -> None:
    assert words("number", 2000, language) == words("number", 2000, "zh")
    assert vocabulary("number", language) == vocabulary("number", "zh")


@pytest.mark.parametrize("language", ["", "fr", "zho", "-zh"])
def test_another_language_is_refused_with_those_that_exist(language: str) -> None:
    assert "zh, en" in str(refusal("number", 1, language))
    with pytest.raises(Unspeakable, match="zh, en"):
        vocabulary("number", language)


@pytest.mark.parametrize("currency", ["", "cny", "XAU"])
def test_another_currency_is_refused_with_those_that_exist(currency: str) -> None:
    assert "CNY, EUR, GBP, HKD, JPY, USD" in str(refusal("money", 1, currency=currency))
    with pytest.raises(Unspeakable, match="CNY, EUR"):
        vocabulary("money", "en", currency=currency)


def test_another_kind_is_refused_with_those_that_exist() -> None:
    assert ", ".join(KINDS) in str(refusal("ordinal", 1))
    with pytest.raises(Unspeakable, match="kind of value"):
        vocabulary("ordinal", "en")


@pytest.mark.parametrize(("kind", "language", "currency"), list(product(KINDS, LANGUAGES, CURRENCIES)))
def test_a_vocabulary_is_small_enough_to_be_rendered(kind: str, language: str, currency: str) -> None:
    known = vocabulary(kind, language, currency=currency)
    assert 0 < len(known) <= 300
    assert all(word == word.strip() and word for word in known)


@pytest.mark.parametrize("kind", ["date", "time"])
def test_a_moment_is_said_as_the_clock_stood_where_it_was_written(kind: str) -> None:
    assert words(kind, "2027-02-17T01:30:00+08:00", "en") == words(kind, "2027-02-17 01:30", "en")


def test_the_precision_that_a_thread_computes_with_does_not_matter() -> None:
    with localcontext(prec=3):
        assert words("number", "123456.5", "zh") == ("十二", "万", "三千", "四百", "五十六", "点", "五")
        assert words("digits", 10**63 + 1, "en") == words("digits", str(10**63 + 1), "en")
        assert words("duration", timedelta(seconds=12345), "en") == words("duration", 12345, "en")
