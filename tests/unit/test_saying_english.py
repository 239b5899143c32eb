"""What is said to callers in English."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.saying import vocabulary, words


def said(kind: str, value: object, currency: str = "CNY") -> str:
    row = words(kind, value, "en", currency=currency)
    assert set(row) <= vocabulary(kind, "en", currency=currency)
    return " ".join(row)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "zero"),
        ("10086", "one zero zero eight six"),
        ("12*#", "one two star pound"),
        ("123456", "one two three, four five six"),
        ("8005550100", "eight zero zero, five five five, zero one zero zero"),
        ("1-800-555-0100", "one, eight zero zero, five five five, zero one zero zero"),
        ("+4420", "plus four four two zero"),
    ],
)
def test_digits_are_said_one_by_one_with_a_pause_between_groups(value: object, text: str) -> None:
    assert said("digits", value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "zero"),
        (2, "two"),
        (10, "ten"),
        (11, "eleven"),
        (15, "fifteen"),
        (20, "twenty"),
        (21, "twenty-one"),
        (40, "forty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (101, "one hundred and one"),
        (105, "one hundred and five"),
        (110, "one hundred and ten"),
        (115, "one hundred and fifteen"),
        (200, "two hundred"),
        (999, "nine hundred and ninety-nine"),
        (1000, "one thousand"),
        (1001, "one thousand and one"),
        (1010, "one thousand and ten"),
        (1100, "one thousand one hundred"),
        (1101, "one thousand one hundred and one"),
        (2000, "two thousand"),
        (10000, "ten thousand"),
        (10001, "ten thousand and one"),
        (10500, "ten thousand five hundred"),
        (20000, "twenty thousand"),
        (100000, "one hundred thousand"),
        (105000, "one hundred and five thousand"),
        (1000000, "one million"),
        (1005000, "one million five thousand"),
        (10**8, "one hundred million"),
        (10**8 + 1, "one hundred million and one"),
        (200000000, "two hundred million"),
        (10**9, "one billion"),
        (10**12, "one trillion"),
        (-15, "minus fifteen"),
        (0.5, "zero point five"),
        (2.0, "two"),
        ("2.50", "two point five zero"),
        ("-0.0", "zero point zero"),
    ],
)
def test_numbers_are_said_with_and_before_the_last_two_digits(value: object, text: str) -> None:
    assert said("number", value) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (0, "CNY", "zero yuan"),
        (105, "CNY", "one hundred and five yuan"),
        (3.5, "CNY", "three yuan and fifty fen"),
        ("0.01", "CNY", "one fen"),
        (0, "USD", "zero dollars"),
        (1, "USD", "one dollar"),
        ("1.01", "USD", "one dollar and one cent"),
        ("-2.02", "USD", "minus two dollars and two cents"),
        ("0.995", "USD", "one dollar"),
        (101, "USD", "one hundred and one dollars"),
        ("0.50", "EUR", "fifty cents"),
        (1, "EUR", "one euro"),
        ("20.05", "EUR", "twenty euros and five cents"),
        ("1.01", "GBP", "one pound and one penny"),
        ("2.50", "GBP", "two pounds and fifty pence"),
        (1, "HKD", "one Hong Kong dollar"),
        ("3.05", "HKD", "three Hong Kong dollars and five cents"),
        (1, "JPY", "one yen"),
        ("1999.5", "JPY", "two thousand yen"),
    ],
)
def test_amounts_are_said_in_their_units(value: object, currency: str, text: str) -> None:
    assert said("money", value, currency) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2027-02-17", "the seventeenth of February, twenty twenty-seven"),
        ("20050131", "the thirty-first of January, two thousand and five"),
        ("2000-03-02T10:00", "the second of March, two thousand"),
        ("2010-04-03", "the third of April, twenty ten"),
        ("1905-05-12", "the twelfth of May, nineteen oh five"),
        ("1900-06-20", "the twentieth of June, nineteen hundred"),
        ("1066-10-14", "the fourteenth of October, ten sixty-six"),
        ("1000-07-01", "the first of July, one thousand"),
        ("9999-08-22", "the twenty-second of August, ninety-nine ninety-nine"),
        ("2100-09-05", "the fifth of September, twenty-one hundred"),
        ("2028-11-08", "the eighth of November, twenty twenty-eight"),
        ("2028-12-09", "the ninth of December, twenty twenty-eight"),
        ("2028-12-30", "the thirtieth of December, twenty twenty-eight"),
    ],
)
def test_dates_are_said_with_the_year_in_two_halves(value: object, text: str) -> None:
    assert said("date", value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("00:00", "twelve midnight"),
        ("00:30", "twelve thirty a.m."),
        ("02:05", "two oh five a.m."),
        ("11:59", "eleven fifty-nine a.m."),
        ("12:00", "twelve noon"),
        ("12:01", "twelve oh one p.m."),
        ("14:00", "two p.m."),
        ("14:30", "two thirty p.m."),
        ("930", "nine thirty a.m."),
        ("23:10", "eleven ten p.m."),
    ],
)
def test_times_are_said_on_the_clock_of_twelve_hours(value: object, text: str) -> None:
    assert said("time", value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "zero seconds"),
        (1, "one second"),
        (30, "thirty seconds"),
        (60, "one minute"),
        ("90s", "one minute and thirty seconds"),
        ("1h30m", "one hour and thirty minutes"),
        (3605, "one hour and five seconds"),
        (7200, "two hours"),
        (90061, "one day, one hour, one minute and one second"),
        ("365d1h", "three hundred and sixty-five days and one hour"),
        ("101d", "one hundred and one days"),
    ],
)
def test_durations_are_said_in_days_hours_minutes_and_seconds(value: object, text: str) -> None:
    assert said("duration", value) == text


UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
TEENS = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORTH = {name: worth for worth, name in enumerate(UNITS + TEENS)} | {
    name: 10 * worth for worth, name in enumerate(TENS, start=2)
}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def read_back(text: str) -> int:
    total = group = 0
    for word in re.split("[ -]", text):
        if word in SCALES:
            total, group = total + group * SCALES[word], 0
        elif word == "hundred":
            group *= 100
        elif word != "and":
            group += WORTH[word]
    return total + group


@given(st.integers(1, 15).flatmap(lambda length: st.integers(0, 10**length - 1)))
@example(10**12)
def test_a_whole_number_can_be_read_back(number: int) -> None:
    assert read_back(said("number", number)) == number
