"""What each table and column of the ledger means, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """A table in words: in English, in Chinese, and its own columns."""

    english: str
    chinese: str
    columns: Mapping[str, str]


# What a column means in every table that does not say otherwise.
EVERYWHERE: Mapping[str, str] = {
    "site": "the site whose records they are",
    "node": "the engine that wrote it; `imported` for another program's history",
    "call": "the call: the Uniqueid of its first channel; `SITE:ID` where imported",
    "visit": "the stay in a queue: `CALL/1`, `CALL/2` …",
    "offer": "the offer: `VISIT/1`, `VISIT/2` …",
    "seat": "the agent",
    "phone": "the telephone's number",
    "queue": "the queue",
    "flow": "the flow",
    "language": "the language that the caller heard then",
    "skills": "skills asked for, and the least level of each, 1 to 5",
    "number": "a telephone number; empty: withheld, or erased",
    "ended": "when it was over; null: it goes on",
    "outcome": "what came of it",
    "began": "when it began",
    "until": "when it ends by itself; null: it does not",
}

TABLES: Mapping[str, Words] = {
    "calls": Words(
        "Every call that reached the hotline, once.",
        "每通来电一行。",
        {
            "ani": "who called; empty: withheld, or erased",
            "dnis": "what was dialled",
            "trunk": "the trunk by which it came",
            "flow": "the flow that answered",
            "flow_version": "the version of the flow that it began on; empty where no engine led it",
            "language": "the language in which it began",
            "began": "when it reached the dialplan",
            "outcome": "`flow-ended`, `caller-hung-up`, `seat-hung-up`, `engine-away`, `asterisk-died` or `error`",
            "detail": "more about the outcome",
            "call_kind": "`caller`, `callback` (one that a caller asked for), `service` (an agent at a feature code); "
            "null in rows of schema 1: `caller`",
        },
    ),
    "path": Words(
        "The nodes that a call went through, in order.",
        "来电经过的流程节点。",
        {
            "step": "1 for the first node",
            "flow_node": "the node of the flow",
            "entered": "when it came there",
            "left": "when it went on; null: it is there",
            "exit": "by which exit; null where a crash or the caller ended it",
        },
    ),
    "visits": Words(
        "Every stay of a call in a queue. For every queue and interval, visits offered = answered + abandoned + "
        "overflowed + called-back + other + waiting; those of kind `callback` are counted apart.",
        "每次排队一行：呼入 = 应答 + 放弃 + 溢出 + 回拨 + 其他 + 等待中；回拨的排队另计。",
        {
            "priority": "0 to 10; higher goes first",
            "arrived": "when it began: its interval in all reports",
            "left": "when it was answered or left; null: it waits",
            "outcome": "`answered`, `abandoned`, `overflowed`, `called-back` or `other`; null: it waits",
            "reason": "more within the outcome: `full`, `longest-wait`, `no-agents`, `asterisk-died` …",
            "wait_ms": "left less arrived, to the millisecond",
            "seat": "the agent who answered",
            "visit_kind": "`call`, or `callback` where the engine waits in a customer's stead; null in rows of schema "
            "1: `call`",
            "credit_ms": "what counts as waited already when it began",
            "tier": "the customer's tier; 0: none",
            "owner": "the seat that was asked first",
        },
    ),
    "visit_wishes": Words(
        "What went with a visit, where something did.",
        "排队附带的信息。",
        {"attributes": "words of the flow about the call", "seat": "nobody but this agent would do"},
    ),
    "offers": Words(
        "Each time the distributor joined a visit to a seat or a ring group.",
        "每次分配一行。",
        {
            "seat": "the agent; the first of a ring group",
            "why": "the reasons of the choice, as `hotline` explains it",
            "made": "when it was decided",
            "outcome": "`answered`, `no-answer`, `refused`, `busy`, `unreachable` or `cancelled`",
        },
    ),
    "rings": Words(
        "Each telephone that rang for an offer.",
        "每部振铃话机一行。",
        {
            "ring": "`OFFER/1`, `OFFER/2` …",
            "outcome": "as of an offer",
            "cause": "why, by Q.850",
            "tech_cause": "why, in SIP's own words",
        },
    ),
    "conversations": Words(
        "What came of each answered visit. It begins when the visit ends.",
        "每次通话一行，从应答开始。",
        {
            "began": "the moment of the answer",
            "talk_ms": "ended less began, holding included; null: it goes on, or nobody heard of its end",
            "ended_by": "`caller`, `seat` or `unknown`",
        },
    ),
    "seat_states": Words(
        "What each agent was doing, from sign-in to sign-out without gap or overlap.",
        "坐席状态，首尾相接。",
        {
            "interval": "1 for the seat's first, and so on",
            "phone": "where the agent is signed in",
            "state": "`ready`, `reserved`, `ringing`, `talking`, `hold`, `wrap-up`, `not-ready` or `unreachable`",
            "reason": "of not-ready",
            "offer": "the offer that it is for; a wrap-up belongs to the conversation before it",
            "event": "what brought the seat into this state",
        },
    ),
    "callbacks_noted": Words(
        "Numbers that callers left while the engine was away.",
        "引擎离线时留下的回拨号码。",
        {"note": "the note's id", "noted": "when"},
    ),
    "callbacks": Words(
        "Callers' requests to be called.",
        "回拨请求。",
        {
            "callback": "the request: `CALL/cb1` …",
            "call": "the call in which it was asked for",
            "priority": "that of the visit when its turn comes",
            "asked": "when it was asked for",
            "due": "from when on, where a time was chosen; null: in turn",
            "visit": "the stay in the queue that was left for it",
            "ended": "when it was closed; null: it is open",
            "outcome": "`answered`, `failed`, `called` or `withdrawn`",
            "ended_by": "who closed it; empty: the engine",
        },
    ),
    "callback_tries": Words(
        "Each time a customer was rung for his request.",
        "每次回拨尝试。",
        {
            "callback": "the request",
            "attempt": "1 for the first",
            "offer": "the agent's offer for which it was",
            "outcome": "as of an offer",
            "tried": "when it was over",
            "again": "when it is tried next; null: not again",
        },
    ),
    "waits_told": Words(
        "What waiting callers were told of their wait.",
        "排队播报记录。",
        {
            "told": "when",
            "position": "the place in the queue",
            "low_ms": "the estimate: at least",
            "high_ms": "the estimate: at most",
        },
    ),
    "tags": Words(
        "Dimensions of reports that flows gave to calls.",
        "来电标签。",
        {"name": "which dimension", "value": "the last value counts", "tagged": "when it got that value"},
    ),
    "survey_answers": Words(
        "What callers answered to surveys.",
        "满意度评价。",
        {
            "visit": "whose conversation it is about; empty where the caller had talked to nobody",
            "survey": "the survey: its node's name",
            "question": "the question",
            "answer": "1 (worst) to 5 (best)",
            "answered": "when",
        },
    ),
    "notices_heard": Words(
        "Which notices callers heard.", "听到的公告。", {"notice": "the notice", "heard": "when"}
    ),
    "transfers": Words(
        "Calls that were passed on to a number outside.",
        "转接外线。",
        {
            "ended": "when it was over",
            "outcome": "as of an offer",
            "talked_ms": "how long; 0 where nobody answered",
        },
    ),
    "recordings": Words(
        "What callers left in boxes. The sound is in the data folder, below `voicemail`.",
        "留言与录音；声音文件在数据目录。",
        {
            "recording": "the recording: `CALL/rDDHHMMSS`",
            "recording_kind": "`voicemail` or `record`",
            "box": "the box",
            "file": "its file, within that folder",
            "seconds": "its length",
            "kept": "when it was left",
            "mark": "`heard`, `done` or `deleted`; null: new",
            "marked": "when",
            "marked_by": "by whom; `erased`: by `hotline forget` or because it was old",
        },
    ),
    "notices": Words(
        "Every change of a notice by a supervisor.",
        "公告变更记录。",
        {
            "notice": "the notice",
            "changed": "when",
            "is_on": "whether it was on from then",
            "changed_by": "by whom",
            "texts": "its words by language",
            "areas": "whom it concerned; empty: all",
            "services": "of which service; empty: all",
        },
    ),
    "flow_versions": Words(
        "Which version of a flow served when.",
        "流程版本上线记录。",
        {
            "began": "from when on",
            "how": "`saved`, `started`, `rolled-back`, `canary`, `canary-won` or `canary-withdrawn`",
            "version": "a hash of flow, sub-flows and prompts",
            "share": "percent of new calls",
            "began_by": "the person; null: the engine itself",
        },
    ),
    "plans": Words(
        "By which queues, seats and rules calls were distributed, and from when on.",
        "分配方案。",
        {"adopted": "from when on", "plan": "all of it, as plain data"},
    ),
    "interventions": Words(
        "What people did to what was live.",
        "人工干预记录。",
        {
            "intervened": "when",
            "action": "`sign-in`, `ready`, `close-queue`, `move-call`, `reload` …",
            "subject": "the seat, queue or call",
            "intervened_by": "by whom",
            "detail": "more about it",
        },
    ),
    "healings": Words(
        "Where engine and Asterisk meant different things, or a deadline had passed, and it was put right.",
        "自愈记录。",
        {
            "healed": "when",
            "what": "`call-without-channel`, `conversation-without-leg`, `ring-without-leg`, `offer-past-deadline` or "
            "`seat-without-call`",
            "subject": "the call, offer or seat",
            "cause": "what was seen",
        },
    ),
    "engine_runs": Words(
        "The lives of engines.",
        "引擎运行记录。",
        {
            "version": "the program's version",
            "ended": "when it stopped; null: it runs, or was killed",
            "how": "`stopped` or `killed`; null: it runs, or no engine has started since",
        },
    ),
    "journal_position": Words(
        "How far the ledger has taken in an engine's journal. It is written with the rows, in one transaction.",
        "日志读取位置，与数据同事务写入。",
        {
            "journal": "which journal",
            "segment": "the segment of the last event taken in",
            "offset": "its place there",
        },
    ),
    "rollups": Words(
        "Sums of quarter-hours, for speed alone: made of the tables above, and made anew by `hotline audit --rebuild`.",
        "按刻钟汇总，仅为提速，可重建。",
        {
            "quarter": "quarter-hours since 1970, UTC",
            "queue": "the queue; empty: all calls, each once",
            "answered": "visits that arrived in it and were answered",
            "abandoned": "… abandoned",
            "overflowed": "… overflowed",
            "called_back": "… left for a call-back",
            "other": "… ended otherwise",
            "waits": "by outcome: sum, longest, and how many by whole seconds",
            "handled": "conversations that are over",
            "talk_ms": "their sum, holding included",
            "hold_ms": "held within them",
            "wrap_up_ms": "wrap-up after them",
            "callbacks": "visits of call-backs",
        },
    ),
    "rollup_quarters": Words(
        "Which quarter-hours are summed up. A change of a row that they are made of takes them out again.",
        "已汇总的刻钟。",
        {"quarter": "quarter-hours since 1970, UTC"},
    ),
    "ledger_version": Words(
        "The version of the schema.",
        "数据结构版本。",
        {"version": "each has its step in `ledger/migrations`"},
    ),
}

# In the order of `hotline audit`; what each compares.
CHECKS: Mapping[str, str] = {
    "call-not-recorded": "what belongs to a call has its call in `calls`",
    "ends-before-it-begins": "nothing ends before it begins",
    "open-after-its-call": "a minute after a call nothing of it is open",
    "open-for-a-day": "no caller's call lasts longer than a day",
    "two-engines": "an engine has one run at a time",
    "wait": "`wait_ms` = `left` − `arrived`, and both are known or neither",
    "outcome": "a visit that was left has one of the five outcomes, one that waits has none",
    "visits-overlap": "a call is in one queue at a time",
    "no-conversation": "an answered visit has a conversation",
    "conversation-begins": "it begins at the answer, with the agent who answered",
    "unanswered-conversation": "a conversation has an answered visit",
    "talk": "`talk_ms` = `ended` − `began`",
    "conversation-outside-its-call": "a conversation lies within its call",
    "two-offers-to-a-caller": "a caller has one live offer at most",
    "offer-outside-its-visit": "an offer is made while its caller waits",
    "offer-without-ring": "an offer rings somewhere",
    "answered-offers": "an answered visit has one answered offer, any other none",
    "seat-twice": "a seat rings for, or talks with, one at a time",
    "state-overlaps": "a seat's states do not overlap",
    "state-gap": "they have no gap, but from sign-out to sign-in",
    "state-missing": "none is missing in between",
    "state-backwards": "none ends before it begins",
    "sums": "every queue's visits add up",
    "roll-up": "every sum of a quarter-hour is that of its rows",
    "call-lost": "every call that Asterisk brought to the hotline is in the ledger",
    "cdr-missing": "every call of the ledger is in Asterisk's records",
    "cdr-began": "it began at the same time there, to 3 s",
    "cdr-ended": "it ended at the same time there, to 3 s",
    "cdr-talk": "it talked with somebody there and here, or neither",
    "cdr-unreadable": "every line of Asterisk's records is a whole record",
}
