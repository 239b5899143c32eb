"""What is said to callers in Mandarin."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.saying import vocabulary, words

NUMERALS = "零一二三四五六七八九"


def said(kind: str, value: object, currency: str = "CNY") -> str:
    row = words(kind, value, "zh", currency=currency)
    assert set(row) <= vocabulary(kind, "zh", currency=currency)
    return "".join(row)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "零"),
        ("10086", "幺零零八六"),
        (10010, "幺零零幺零"),
        ("12*3#", "幺二星号键三井号键"),
        (6222020000001234567, "六二二，二零二零，零零零零，零幺二三，四五六七"),
        (Decimal(10010), "幺零零幺零"),
        (95588.0, "九五五八八"),
        ("123456", "幺二三，四五六"),
        ("13800138000", "幺三八，零零幺三，八零零零"),
        ("+86 138-0013-8000", "加八六，幺三八，零零幺三，八零零零"),
        ("6222020000001234567", "六二二，二零二零，零零零零，零幺二三，四五六七"),
        (" 95 588 ", "九五，五八八"),
    ],
)
def test_digits_are_said_as_on_the_telephone_with_a_pause_between_groups(value: object, text: str) -> None:
    assert said("digits", value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "零"),
        (1, "一"),
        (2, "二"),
        (10, "十"),
        (11, "十一"),
        (12, "十二"),
        (15, "十五"),
        (20, "二十"),
        (22, "二十二"),
        (99, "九十九"),
        (100, "一百"),
        (101, "一百零一"),
        (105, "一百零五"),
        (110, "一百一十"),
        (115, "一百一十五"),
        (120, "一百二十"),
        (200, "二百"),
        (222, "二百二十二"),
        (999, "九百九十九"),
        (1000, "一千"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (1015, "一千零一十五"),
        (1100, "一千一百"),
        (2000, "两千"),
        (2002, "两千零二"),
        (2222, "两千二百二十二"),
        (9999, "九千九百九十九"),
        (10000, "一万"),
        (10001, "一万零一"),
        (10005, "一万零五"),
        (10010, "一万零一十"),
        (10500, "一万零五百"),
        (11000, "一万一千"),
        (12000, "一万两千"),
        (20000, "两万"),
        (100000, "十万"),
        (102000, "十万两千"),
        (120000, "十二万"),
        (150000, "十五万"),
        (1000000, "一百万"),
        (1005000, "一百万五千"),
        (1020000, "一百零二万"),
        (1150000, "一百一十五万"),
        (20000000, "两千万"),
        (10**8, "一亿"),
        (10**8 + 1, "一亿零一"),
        (100005000, "一亿零五千"),
        (100020000, "一亿零两万"),
        (100150000, "一亿零一十五万"),
        (110000000, "一亿一千万"),
        (200000000, "两亿"),
        (1200000000, "十二亿"),
        (10**12, "一万亿"),
        (2 * 10**12 + 3, "两万亿零三"),
        (10**15 - 1, "九百九十九万九千九百九十九亿九千九百九十九万九千九百九十九"),
        (-15, "负十五"),
        (0.5, "零点五"),
        (-0.5, "负零点五"),
        (2.0, "二"),
        (2.5, "二点五"),
        ("2.50", "二点五零"),
        (".05", "零点零五"),
        ("-0.00", "零点零零"),
        (0.1 + 0.2, "零点三"),
        ("3.1415926535", "三点一四一五九三"),
        ("0.0000005", "零点零零零零零一"),
        (-1e-9, "零"),
        ("-1e-9", "零"),
        (Decimal("1E+3"), "一千"),
    ],
)
def test_numbers_are_said_with_the_right_zeros_and_the_right_two(value: object, text: str) -> None:
    assert said("number", value) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (0, "CNY", "零元"),
        ("0.00", "CNY", "零元"),
        (2, "CNY", "两元"),
        (12, "CNY", "十二元"),
        (105, "CNY", "一百零五元"),
        (-105, "CNY", "负一百零五元"),
        (3.5, "CNY", "三元五角"),
        ("3.05", "CNY", "三元零五分"),
        ("3.02", "CNY", "三元零二分"),
        ("3.15", "CNY", "三元一角五分"),
        ("10.50", "CNY", "十元五角"),
        ("0.50", "CNY", "五角"),
        ("0.20", "CNY", "两角"),
        ("0.22", "CNY", "两角二分"),
        ("0.05", "CNY", "五分"),
        ("0.02", "CNY", "两分"),
        ("-0.05", "CNY", "负五分"),
        ("-0.004", "CNY", "零元"),
        (2.675, "CNY", "两元六角八分"),
        (20000, "CNY", "两万元"),
        (2.22, "USD", "两美元二十二美分"),
        (1.02, "USD", "一美元两美分"),
        (0.5, "EUR", "五十欧分"),
        ("2.50", "GBP", "两英镑五十便士"),
        ("3.05", "HKD", "三港元零五分"),
        (1999.5, "JPY", "两千日元"),
    ],
)
def test_amounts_are_said_in_their_units(value: object, currency: str, text: str) -> None:
    assert said("money", value, currency) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2027-02-17", "二零二七年二月十七日"),
        ("20270217", "二零二七年二月十七日"),
        ("2000-10-10", "二零零零年十月十日"),
        ("2005-12-31T23:59:59+08:00", "二零零五年十二月三十一日"),
        ("1000-01-01", "一零零零年一月一日"),
        ("9999-11-20", "九九九九年十一月二十日"),
    ],
)
def test_dates_are_said_with_the_year_by_its_digits(value: object, text: str) -> None:
    assert said("date", value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("00:00", "凌晨零点"),
        ("00:30", "凌晨零点半"),
        ("02:30", "凌晨两点半"),
        ("04:59", "凌晨四点五十九分"),
        ("05:00", "早上五点"),
        ("7:59", "早上七点五十九分"),
        ("08:00", "上午八点"),
        ("08:05", "上午八点零五分"),
        ("08:02", "上午八点零二分"),
        ("11:12", "上午十一点十二分"),
        ("12:00", "中午十二点"),
        ("12:59", "中午十二点五十九分"),
        ("13:00", "下午一点"),
        ("14:30", "下午两点半"),
        ("1430", "下午两点半"),
        ("17:10", "下午五点十分"),
        ("18:00", "晚上六点"),
        ("22:15:59", "晚上十点十五分"),
        ("2027-02-17T23:20:00Z", "晚上十一点二十分"),
    ],
)
def test_times_are_said_with_their_part_of_the_day(value: object, text: str) -> None:
    assert said("time", value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "零秒"),
        (1, "一秒"),
        (2, "两秒"),
        (0.4, "零秒"),
        (0.5, "一秒"),
        ("90s", "一分钟三十秒"),
        ("5m", "五分钟"),
        ("1h30m", "一小时三十分钟"),
        (7200, "两小时"),
        ("2h2m2s", "两小时两分钟两秒"),
        ("12m", "十二分钟"),
        (3605, "一小时零五秒"),
        ("1h5m", "一小时五分钟"),
        ("2d", "两天"),
        ("1d10m", "一天零十分钟"),
        ("1d10m5s", "一天零十分钟五秒"),
        ("1d5s", "一天零五秒"),
        ("365d", "三百六十五天"),
    ],
)
def test_durations_are_said_in_days_hours_minutes_and_seconds(value: object, text: str) -> None:
    assert said("duration", value) == text


def read_back(text: str) -> int:
    for unit, worth in (("亿", 10**8), ("万", 10**4), ("千", 1000), ("百", 100), ("十", 10)):
        if unit in text:
            high, low = text.split(unit, 1)
            return (read_back(high) or 1) * worth + read_back(low)
    return int("".join(str(NUMERALS.index(numeral)) for numeral in text) or 0)


def zeros_heard(number: int) -> int:
    """Count by the schoolbook: zeros between digits are one 零, but a group's last zeros are none."""
    digits = str(number)
    gaps = re.finditer("(?<=[1-9])0+(?=[1-9])", digits)
    return sum((len(digits) - gap.end()) % 4 != 0 or len(gap[0]) >= 4 for gap in gaps)


whole_numbers = st.integers(1, 15).flatmap(lambda length: st.integers(0, 10**length - 1))
sparse_numbers = st.text("0002", min_size=1, max_size=15).map(int)


@given(whole_numbers | sparse_numbers)
@example(10**12)
def test_a_whole_number_can_be_read_back(number: int) -> None:
    assert read_back(said("number", number).replace("两", "二")) == number


@given((whole_numbers | sparse_numbers).filter(lambda number: 0 < number < 10**12))
def test_a_zero_is_heard_once_for_each_gap(number: int) -> None:
    assert said("number", number).count("零") == zeros_heard(number)
