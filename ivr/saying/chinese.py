"""Mandarin: what each kind of value is said as.

A word holds a numeral and its measure word wherever they are few, for the tones of the two depend on each other.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

from ivr.saying.values import Number

NUMERALS = "零一二三四五六七八九"
UNDER_100 = (
    *NUMERALS,
    *(
        ("" if tens == 1 else NUMERALS[tens]) + "十" + (NUMERALS[ones] if ones else "")
        for tens in range(1, 10)
        for ones in range(10)
    ),
)
PLACES = ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"))
COMMA = "，"
# 幺 for one, since 一 is heard as 七 on a telephone.
DIGITS: Mapping[str, str] = MappingProxyType(
    {**dict(zip("0123456789", NUMERALS, strict=True)), "1": "幺", "*": "星号键", "#": "井号键", "+": "加"}
)
# The unit, and its hundredth where that is one word.
CURRENCIES: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "CNY": ("元", None),
        "EUR": ("欧元", "欧分"),
        "GBP": ("英镑", "便士"),
        "HKD": ("港元", None),
        "JPY": ("日元", None),
        "USD": ("美元", "美分"),
    }
)
PARTS_OF_DAY = ("凌晨",) * 5 + ("早上",) * 3 + ("上午",) * 4 + ("中午",) + ("下午",) * 5 + ("晚上",) * 6


def number(number: Number) -> list[str]:
    """Say a number: 二百 but 两千, 两万; 一百零五; 十五 but 一百一十五."""
    said = ["负"] if number.negative else []
    said += _integer(number.whole)
    if number.decimals:
        said += ["点", *(NUMERALS[int(digit)] for digit in number.decimals)]
    return said


def money(amount: Number, currency: str) -> list[str]:
    """Say an amount: 三元五角, 三元零五分, 五角."""
    unit, hundredth = CURRENCIES[currency]
    hundredths = int(amount.decimals or 0)
    whole = [*_counted(amount.whole), unit] if amount.whole or not hundredths else []
    small: list[str] = []
    if hundredths and hundredth:
        small = [*_counted(hundredths), hundredth]
    elif hundredths:
        jiao, fen = divmod(hundredths, 10)
        if jiao:
            small.append(_measured(jiao, "角"))
        if fen and (jiao or whole):
            small.append(("" if jiao else "零") + NUMERALS[fen] + "分")
        elif fen:
            small.append(_measured(fen, "分"))
    return ["负"] * amount.negative + whole + small


def date(day: datetime.date) -> list[str]:
    """Say a day with its year: 二零二七年二月十七日."""
    first, second = divmod(day.year, 100)
    return [_pair(first), f"{_pair(second)}年", f"{UNDER_100[day.month]}月", f"{UNDER_100[day.day]}日"]


def time(clock: datetime.time) -> list[str]:
    """Say a time of day to the minute: 上午八点, 下午两点半, 上午八点零五分."""
    hour = clock.hour if clock.hour <= 12 else clock.hour - 12
    said = [PARTS_OF_DAY[clock.hour] + _measured(hour, "点")]
    if clock.minute == 30:
        said.append("半")
    elif clock.minute:
        said.append(("零" if clock.minute < 10 else "") + f"{UNDER_100[clock.minute]}分")
    return said


def duration(seconds: int) -> list[str]:
    """Say a duration: 两小时三十分钟; 一小时零五秒, with 零 where a unit is left out."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    rest = [(hour, "小时"), (minute, "分钟"), (second, "秒")]
    said = [*_counted(days), "天"] if days else []
    for (before, _), (amount, unit) in pairwise([(days, "天"), *rest]):
        if amount:
            said += ["零"] * bool(said and not before)
            said.append(_measured(amount, unit))
    return said or ["零秒"]


def _integer(whole: int, *, inside: bool = False) -> list[str]:
    if whole < 100:
        return ["一" * (inside and 10 <= whole < 20) + UNDER_100[whole]]
    place, unit = next(known for known in PLACES if whole >= known[0])
    high, low = divmod(whole, place)
    if place <= 1000:
        said = [f"{'两' if high == 2 and place == 1000 else NUMERALS[high]}{unit}"]
    else:
        said = ["两", unit] if high == 2 else [*_integer(high, inside=inside), unit]
    if 0 < low < 10:
        return [*said, f"零{NUMERALS[low]}"]
    if low:
        said += ["零"] * (low < place // 10) + _integer(low, inside=True)
    return said


def _counted(amount: int) -> list[str]:
    return ["两"] if amount == 2 else _integer(amount)


def _measured(amount: int, unit: str) -> str:
    return ("两" if amount == 2 else UNDER_100[amount]) + unit


def _pair(two_digits: int) -> str:
    return NUMERALS[two_digits // 10] + NUMERALS[two_digits % 10]
