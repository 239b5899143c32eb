"""What can happen in a call, in both languages: its name, and what is said of it.

A part whose facts are not all known is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.document import Words

SAID: Mapping[str, tuple[Words, Sequence[Words]]] = {
    "began": (
        Words("call began", "来电开始"),
        (
            Words("from {ani}", "主叫 {ani}"),
            Words("to {dnis}", "被叫 {dnis}"),
            Words("over {trunk}", "中继 {trunk}"),
            Words("flow {flow}", "流程 {flow}"),
            Words("version {flow_version}", "版本 {flow_version}"),
            Words("in {language}", "语言 {language}"),
            Words("a {call_kind}'s", "类型 {call_kind}"),
        ),
    ),
    "node": (
        Words("node", "节点"),
        (
            Words("{flow} › {node}", "{flow} › {node}"),
            Words("for {lasted_ms}", "停留 {lasted_ms}"),
            Words("left by {exit}", "出口 {exit}"),
        ),
    ),
    "notice": (Words("heard notice", "听到通知"), (Words("{notice}", "{notice}"),)),
    "waits": (
        Words("waits", "开始排队"),
        (
            Words("in {queue}", "队列 {queue}"),
            Words("as a {visit_kind}", "类型 {visit_kind}"),
            Words("for {skills}", "技能 {skills}"),
            Words("priority {priority}", "优先级 {priority}"),
            Words("tier {tier}", "等级 {tier}"),
            Words("first {owner}", "首问座席 {owner}"),
            Words("only {wished_seat}", "指定座席 {wished_seat}"),
            Words("with {credit_ms} of credit", "等待抵扣 {credit_ms}"),
        ),
    ),
    "told": (
        Words("was told", "播报"),
        (
            Words("position {position}", "排位 {position}"),
            Words("{low_ms} to {high_ms} to wait", "预计等待 {low_ms} 至 {high_ms}"),
        ),
    ),
    "offered": (
        Words("offered", "分配"),
        (Words("to {seat}", "座席 {seat}"), Words("at phone {phone}", "话机 {phone}")),
    ),
    "rang": (
        Words("rang", "振铃"),
        (
            Words("{seat} for {rang_ms}", "{seat} {rang_ms}"),
            Words("{outcome}", "{outcome}"),
            Words("cause {cause}", "原因码 {cause}"),
            Words("{tech_cause}", "{tech_cause}"),
        ),
    ),
    "left-queue": (
        Words("left queue", "离开队列"),
        (
            Words("{queue} after {wait_ms}", "{queue} 等待 {wait_ms}"),
            Words("{outcome}", "{outcome}"),
            Words("by {seat}", "座席 {seat}"),
            Words("because {reason}", "原因 {reason}"),
        ),
    ),
    "hold": (
        Words("on hold", "保持"),
        (Words("by {seat}", "座席 {seat}"), Words("for {lasted_ms}", "{lasted_ms}")),
    ),
    "talked": (
        Words("conversation over", "通话结束"),
        (
            Words("with {seat}", "座席 {seat}"),
            Words("after {talk_ms}", "时长 {talk_ms}"),
            Words("ended by {ended_by}", "挂机方 {ended_by}"),
        ),
    ),
    "wrap-up": (
        Words("wrap-up", "话后整理"),
        (Words("of {seat}", "座席 {seat}"), Words("for {lasted_ms}", "{lasted_ms}")),
    ),
    "transferred": (
        Words("put through", "转接外线"),
        (
            Words("to {number}", "至 {number}"),
            Words("{outcome}", "{outcome}"),
            Words("talked {talked_ms}", "通话 {talked_ms}"),
        ),
    ),
    "tagged": (Words("tag", "标签"), (Words("{name}={value}", "{name}={value}"),)),
    "rated": (
        Words("survey", "满意度"),
        (
            Words("{survey} › {question}: {answer}", "{survey} › {question}：{answer}"),
            Words("of {seat}", "座席 {seat}"),
            Words("in {queue}", "队列 {queue}"),
        ),
    ),
    "recorded": (
        Words("left a recording", "留言"),
        (
            Words("{recording} in {box}", "{recording} 信箱 {box}"),
            Words("{seconds} s", "{seconds} 秒"),
        ),
    ),
    "recording-marked": (
        Words("recording", "留言处理"),
        (Words("{recording} {mark} by {marked_by}", "{recording} {mark} {marked_by}"),),
    ),
    "callback-asked": (
        Words("asked to be called", "请求回拨"),
        (
            Words("{callback} at {number}", "{callback} 号码 {number}"),
            Words("by {queue}", "队列 {queue}"),
            Words("at {due}", "约定 {due}"),
        ),
    ),
    "callback-tried": (
        Words("was called", "回拨"),
        (
            Words("{callback} try {attempt}: {outcome}", "{callback} 第 {attempt} 次：{outcome}"),
            Words("again at {again}", "下次 {again}"),
        ),
    ),
    "callback-ended": (
        Words("call-back closed", "回拨了结"),
        (Words("{callback}: {outcome}", "{callback}：{outcome}"), Words("by {ended_by}", "{ended_by}")),
    ),
    "number-left": (
        Words("left a number while the engine was away", "引擎离线时留号"),
        (Words("{number}", "{number}"),),
    ),
    "intervened": (
        Words("a person acted", "人工干预"),
        (
            Words("{action} by {intervened_by}", "{action} {intervened_by}"),
            Words("{detail}", "{detail}"),
        ),
    ),
    "healed": (
        Words("put right", "自动纠正"),
        (Words("{healing} of {subject}", "{healing} {subject}"), Words("because {cause}", "原因 {cause}")),
    ),
    "ended": (
        Words("call ended", "来电结束"),
        (
            Words("{outcome}", "{outcome}"),
            Words("{detail}", "{detail}"),
            Words("after {lasted_ms}", "总时长 {lasted_ms}"),
        ),
    ),
}
