"""AGI on the wire: arguments survive Asterisk's splitting, replies and environments are read strictly."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi.errors import IllegalArgument, ProtocolViolation
from ivr.agi.protocol import (
    ARGUMENT_LIMIT,
    COMMAND_LIMIT,
    REPLY_LIMIT,
    Refusal,
    Reply,
    ReplyReader,
    command_line,
    parse_environment,
    parse_path,
)

SENDABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=60)
HOSTILE = st.text("\"\\ \t,;:$(){}'|王", max_size=20)
ONE_LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=60)

WITHOUT_BRACKET = ONE_LINE.map(lambda text: text.replace(")", "]"))


def asterisk_words(line: bytes) -> list[str]:
    """Split a command line as res_agi does: quotes toggle, a backslash escapes, blanks separate outside."""
    words: list[bytearray] = []
    quoted = escaped = False
    between = True
    for byte in line.rstrip(b"\n"):
        character = chr(byte)
        if character == '"' and not escaped:
            quoted = not quoted
            if quoted and between:
                words.append(bytearray())
                between = False
        elif character in " \t" and not quoted and not escaped:
            between = True
        elif character == "\\" and not escaped:
            escaped = True
            continue
        else:
            if between:
                words.append(bytearray())
                between = False
            words[-1].append(byte)
        escaped = False
    return [word.decode() for word in words]


def environment(**changes: str) -> list[bytes]:
    variables = {"request": "agi://h/caller/1", "channel": "PJSIP/a-1", "uniqueid": "n-1.1", **changes}
    return [f"agi_{name}: {value}".encode() for name, value in variables.items()]


def read(*lines: str) -> list[object]:
    reader = ReplyReader()
    return [reader.read(line.encode()) for line in lines]


@given(st.lists(SENDABLE | HOSTILE | st.integers(-1, 10**9), max_size=6))
def test_asterisk_sees_the_words_that_were_meant(arguments: list[str | int]) -> None:
    assert asterisk_words(command_line("SET VARIABLE", *arguments)) == [
        "SET",
        "VARIABLE",
        *map(str, arguments),
    ]


@given(st.lists(SENDABLE | HOSTILE, max_size=6))
def test_a_command_is_one_line(arguments: list[str]) -> None:
    line = command_line("EXEC", *arguments)
    assert line.endswith(b"\n")
    assert not set(line[:-1]) & set(b"\r\n\0")


@given(SENDABLE, st.sampled_from("\r\n\0"), SENDABLE)
def test_a_line_break_or_nul_is_refused_wherever_it_stands(before: str, bad: str, after: str) -> None:
    with pytest.raises(IllegalArgument, match="line break or NUL"):
        command_line("VERBOSE", before + bad + after)


@pytest.mark.parametrize("length", [COMMAND_LIMIT + 1, COMMAND_LIMIT * 3])
def test_a_command_over_the_limit_is_refused(length: int) -> None:
    with pytest.raises(IllegalArgument, match=f"AGI carries {COMMAND_LIMIT}"):
        command_line("NOOP", "x" * (length - len('NOOP ""\n')))


def test_a_command_of_just_the_limit_is_sent() -> None:
    assert len(command_line("NOOP", "x" * (COMMAND_LIMIT - len('NOOP ""\n')))) == COMMAND_LIMIT


def test_the_limit_counts_bytes_not_characters() -> None:
    with pytest.raises(IllegalArgument):
        command_line("NOOP", "王" * (COMMAND_LIMIT // 3))


def test_escapes_count_against_the_limit() -> None:
    with pytest.raises(IllegalArgument):
        command_line("NOOP", '"' * (COMMAND_LIMIT // 2))


def test_more_arguments_than_asterisk_takes_are_refused() -> None:
    with pytest.raises(IllegalArgument, match=str(ARGUMENT_LIMIT)):
        command_line("NOOP", *[""] * (ARGUMENT_LIMIT + 1))


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(IllegalArgument, match="UTF-8"):
        command_line("NOOP", "\ud800")


@pytest.mark.parametrize("verb", ["", "NOOP\nHANGUP", 'NOOP "', "NOOP ", "A  B", "GÉT"])
def test_a_verb_is_words_of_letters(verb: str) -> None:
    with pytest.raises(IllegalArgument):
        command_line(verb)


def test_a_refusal_does_not_repeat_the_argument() -> None:
    with pytest.raises(IllegalArgument) as refused:
        command_line("SET VARIABLE", "name", "secret\n")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=0", Reply("0")),
        ("200 result=-1", Reply("-1")),
        ("200 result=123", Reply("123")),
        ("200 result=", Reply("")),
        ("200 result=123 (timeout)", Reply("123", "timeout")),
        ("200 result= (timeout)", Reply("", "timeout")),
        ("200 result=1 (text)", Reply("1", "text")),
        ("200 result=1 ()", Reply("1", "")),
        ("200 result=1 (a) endpos=5 (b)", Reply("1", "a) endpos=5 (b")),
        ("200 result=1 (x) y=)", Reply("1", "x) y=")),
        ("200 result=49 endpos=3360", Reply("49", None, 3360)),
        ("200 result=0 (timeout) endpos=160", Reply("0", "timeout", 160)),
        ("200 result=1 (digit) digit=5 endpos=80", Reply("1", "digit", 80)),
        (
            '200 result=1 (speech) endpos=8 results=1 score0=9 text0="a (b)" grammar0=g',
            Reply("1", "speech", 8),
        ),
        ("503 result=-2 Memory allocation failure", Refusal(503, "result=-2 Memory allocation failure")),
        ("510 Invalid or unknown command", Refusal(510, "Invalid or unknown command")),
        (
            "511 Command Not Permitted on a dead channel",
            Refusal(511, "Command Not Permitted on a dead channel"),
        ),
        ("520 Invalid command syntax.", Refusal(520, "Invalid command syntax.")),
        ("HANGUP", "HANGUP"),
        ("100 Trying...", None),
    ],
)
def test_every_form_of_reply_is_read(line: str, reply: object) -> None:
    assert read(line) == [reply]


def test_a_usage_of_several_lines_is_one_refusal() -> None:
    head, *middle, end = read(
        "520-Invalid command syntax.  Proper usage follows:",
        "Usage: SET MUSIC ON",
        "200 result=0",
        "520 End of proper usage.",
    )
    assert (head, middle) == (None, [None, None])
    assert end == Refusal(
        520, "Invalid command syntax.  Proper usage follows:\nUsage: SET MUSIC ON\n200 result=0"
    )


def test_hangup_cuts_a_usage_short_and_the_next_reply_stands_alone() -> None:
    assert read("520-Usage follows:", "HANGUP", "200 result=0") == [None, "HANGUP", Reply("0")]


@given(WITHOUT_BRACKET, st.lists(WITHOUT_BRACKET, max_size=3))
def test_a_value_with_line_breaks_is_one_reply(first: str, more: list[str]) -> None:
    value = "\n".join([first, *more, "HANGUP", "last"])
    *unfinished, reply = read(*f"200 result=1 ({value})".split("\n"))
    assert unfinished == [None] * (len(more) + 2)
    assert reply == Reply("1", value)


@given(ONE_LINE)
def test_a_value_of_one_line_is_read_exactly(value: str) -> None:
    assert read(f"200 result=1 ({value})") == [Reply("1", value)]


@given(st.binary(max_size=40).filter(lambda line: b"\n" not in line))
def test_no_line_whatever_raises_anything_but_a_violation(line: bytes) -> None:
    reader = ReplyReader()
    for each in (line, b"200 result=1 (" + line, line, b"200 result=" + line, line):
        try:
            reader.read(each)
        except ProtocolViolation:
            reader = ReplyReader()


@pytest.mark.parametrize(
    "line", ["", "hello", "200", "200 result", "200 result=0 text", "300 result=0", " HANGUP"]
)
def test_what_is_no_reply_is_a_violation(line: str) -> None:
    with pytest.raises(ProtocolViolation):
        read(line)


def test_a_reply_that_is_not_utf_8_is_a_violation() -> None:
    with pytest.raises(ProtocolViolation, match="UTF-8"):
        ReplyReader().read(b"200 result=1 (\xff)")


@pytest.mark.parametrize("head", ["520-Usage:", "200 result=1 ("])
def test_a_reply_that_never_ends_is_a_violation(head: str) -> None:
    with pytest.raises(ProtocolViolation, match=str(REPLY_LIMIT)):
        read(head, *["x" * 999] * (REPLY_LIMIT // 999 + 1))


def test_a_caller_s_timeout_is_told_from_other_data() -> None:
    assert Reply("", "timeout").timed_out
    assert not Reply("1", "text").timed_out


@given(st.dictionaries(st.text(string.ascii_lowercase, min_size=1, max_size=9), ONE_LINE, max_size=5))
def test_an_environment_is_read_exactly(variables: dict[str, str]) -> None:
    known = environment()
    lines = [*known, *(f"agi_arg_{name}: {value}".encode() for name, value in variables.items())]
    parsed = parse_environment(lines)
    assert len(parsed) == len(lines)
    assert {name: parsed[f"agi_arg_{name}"] for name in variables} == variables


def test_an_empty_value_is_kept() -> None:
    assert parse_environment(environment(accountcode=""))["agi_accountcode"] == ""


def test_a_caller_s_name_in_another_encoding_costs_him_nothing() -> None:
    parsed = parse_environment([*environment(), b"agi_calleridname: Jos\xe9"])
    assert parsed["agi_calleridname"] == "Jos�"


def test_any_other_variable_must_be_utf_8() -> None:
    with pytest.raises(ProtocolViolation, match="UTF-8"):
        parse_environment([*environment(), b"agi_accountcode: \xff"])


def test_a_line_break_in_a_caller_s_number_cannot_change_another_variable() -> None:
    sent = b"\n".join([*environment(callerid="1\nagi_context: inside"), b"agi_context: outside"])
    with pytest.raises(ProtocolViolation, match="twice"):
        parse_environment(sent.split(b"\n"))


@pytest.mark.parametrize("line", [b"", b"GET / HTTP/1.1", b"agi_x", b"x: y", b"HANGUP", b"\xff"])
def test_a_line_that_is_no_variable_is_a_violation(line: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_environment([*environment(), line])


@pytest.mark.parametrize("missing", ["request", "channel", "uniqueid"])
def test_an_environment_without_what_a_session_needs_is_a_violation(missing: str) -> None:
    with pytest.raises(ProtocolViolation, match=f"agi_{missing}"):
        parse_environment([line for line in environment() if not line.startswith(f"agi_{missing}".encode())])


@pytest.mark.parametrize(
    ("request_", "role", "rest"),
    [
        ("agi://127.0.0.1:4573/caller/abc", "caller", ("abc",)),
        ("agi://127.0.0.1/seat", "seat", ()),
        ("agi://[::1]:4573/caller/abc/def?x=/y", "caller", ("abc", "def")),
    ],
)
def test_the_path_names_the_role_and_the_rest(request_: str, role: str, rest: tuple[str, ...]) -> None:
    assert parse_path(request_) == (role, rest)


@pytest.mark.parametrize("request_", ["agi://127.0.0.1:4573", "agi://127.0.0.1:4573/", "agi://h//x", "x"])
def test_a_path_without_a_role_is_a_violation(request_: str) -> None:
    with pytest.raises(ProtocolViolation, match="role"):
        parse_path(request_)
