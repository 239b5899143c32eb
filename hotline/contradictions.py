"""What is right in itself but does not fit the rest of the site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hotline.lookup.check import lookup_contradictions
from hotline.numbers import dials_anywhere, is_open
from hotline.settings import Settings
from ivr.reading.problem import Problem, did_you_mean
from ivr.reading.source import Source


def contradictions(source: Source, s: Settings) -> Iterator[Problem]:
    """Find what is right in itself but does not fit the rest."""

    def unknown(
        path: tuple[str | int, ...], what: str, name: str, known: Any, *, of_key: bool = False
    ) -> Problem:
        message = f"there is no {what} named {name!r}{did_you_mean(name, known)}"
        return source.problem(path, f"unknown-{what}", message, of_key=of_key)

    yield from _of_distribution(source, s)
    wanted = [
        *((("queues", n, "skills"), q.skills) for n, q in s.queues.items()),
        *((("agents", n, "skills"), a.skills) for n, a in s.agents.items()),
        *((("languages", n), skills) for n, skills in s.languages.items()),
        *(
            (("queues", n, "widen", index, "skills"), step.skills)
            for n, q in s.queues.items()
            for index, step in enumerate(q.widen)
        ),
    ]
    for path, skills in wanted:
        yield from (
            unknown((*path, k), "skill", k, s.skills, of_key=True) for k in skills if k not in s.skills
        )
    at_phone: dict[str, str] = {}
    for name, agent in s.agents.items():
        if agent.phone is None:
            continue
        path = ("agents", name, "phone")
        if agent.phone not in s.phones:
            yield unknown(path, "phone", agent.phone, s.phones)
        elif agent.phone in at_phone:
            message = (
                f"{at_phone[agent.phone]} is signed in at phone {agent.phone} already; give each a phone"
            )
            yield source.problem(path, "phone-taken", message)
        else:
            at_phone[agent.phone] = name
    numbered: dict[str, str] = {}
    for name, agent in s.agents.items():
        if agent.number is not None and (other := numbered.setdefault(agent.number, name)) != name:
            message = f"{other} has the number {agent.number} already; give each agent another"
            yield source.problem(("agents", name, "number"), "number-taken", message)
    for name, queue in s.queues.items():
        yield from _nobody_can_serve(source, s, name, queue.skills)
    yield from _trunk_contradictions(source, s)
    yield from _wide_patterns(source, s)
    yield from lookup_contradictions(source, s.lookups)
    if s.ports.rtp_last - s.ports.rtp_first < 9:
        yield source.problem(("ports",), "rtp-range", "rtp_last must be at least 9 above rtp_first")
    if (s.ports.sip_tls is None) != (s.tls is None):
        message = "SIP over TLS needs both ports.sip_tls and tls with certificate and key"
        yield source.problem(("ports",), "tls-incomplete", message)
    listening = (s.ports.sip, s.ports.sip_tls, s.ports.agi, s.ports.ami, s.ports.mqtt, s.ports.metrics)
    tcp = [p for p in listening if p is not None]
    if len(set(tcp)) < len(tcp):
        yield source.problem(
            ("ports",), "port-twice", "two parts would listen on one port; give each its own"
        )


def _of_distribution(source: Source, s: Settings) -> Iterator[Problem]:
    """Find names that nothing in the site has, among groups, ranks, steps of widening, tiers, customers, reserves."""
    named: list[tuple[tuple[str | int, ...], str, str, Any]] = []
    for group, seats in s.groups.items():
        named += [(("groups", group, i), "agent", seat, s.agents) for i, seat in enumerate(seats)]
    for name, agent in s.agents.items():
        named += [(("agents", name, "ranks", queue), "queue", queue, s.queues) for queue in agent.ranks]
    for name, queue in s.queues.items():
        here = ("queues", name)
        named += [((*here, "groups", i), "group", group, s.groups) for i, group in enumerate(queue.groups)]
        named += [((*here, "prefer", i), "skill", skill, s.skills) for i, skill in enumerate(queue.prefer)]
        for index, step in enumerate(queue.widen):
            at = (*here, "widen", index)
            named += [((*at, "drop", i), "skill", skill, s.skills) for i, skill in enumerate(step.drop)]
            named += [((*at, "groups", i), "group", group, s.groups) for i, group in enumerate(step.groups)]
            if step.partner is not None:
                named.append(((*at, "partner"), "queue", step.partner, s.queues))
            if index and step.after < queue.widen[index - 1].after:
                message = "this step comes earlier than the one before it; put the earlier first"
                yield source.problem((*at, "after"), "steps-disordered", message)
    for number, customer in s.customers.items():
        if customer.tier is not None:
            named.append((("customers", number, "tier"), "tier", customer.tier, s.tiers))
        if customer.owner is not None:
            named.append((("customers", number, "owner"), "agent", customer.owner, s.agents))
    for number, entry in s.numbers.items():
        if entry.tier is not None:
            named.append((("numbers", number, "tier"), "tier", entry.tier, s.tiers))
    for index, reserve in enumerate(s.reserves):
        named.append((("reserves", index, "skill"), "skill", reserve.skill, s.skills))
        named.append((("reserves", index, "tier"), "tier", reserve.tier, s.tiers))
    for path, what, name, known in named:
        if name not in known:
            message = f"there is no {what} named {name!r}{did_you_mean(name, known)}"
            yield source.problem(path, f"unknown-{what}", message, of_key="ranks" in path)


def _nobody_can_serve(
    source: Source, s: Settings, queue: str, skills: Mapping[str, int]
) -> Iterator[Problem]:
    """Find a queue for which there is no agent at all, or none for the callers of a language."""
    for language, more in {"": dict[str, int](), **s.languages}.items():
        asked = {skill: max(skills.get(skill, 0), more.get(skill, 0)) for skill in {**skills, **more}}
        if not all(skill in s.skills for skill in asked):
            return
        if any(_has(agent.skills, asked) for agent in s.agents.values()):
            continue
        of = f" for callers in {language!r}" if language else ""
        needs = ", ".join(f"{skill} {level}" for skill, level in asked.items())
        message = (
            f"no agent can serve this queue{of}: nobody has {needs}; lower a level or give an agent the skill"
        )
        yield source.problem(("queues", queue, "skills"), "nobody-can-serve", message)
        if not language:
            return


def _trunk_contradictions(source: Source, s: Settings) -> Iterator[Problem]:
    for name, trunk in s.trunks.items():
        if not trunk.address and trunk.register_ is None:
            message = "no call could come in: give `address` (where calls come from) or `register`"
            yield source.problem(("trunks", name), "trunk-closed", message)
        if trunk.tls and s.tls is None:
            message = "this trunk wants TLS, but the site has no `tls` with certificate and key"
            yield source.problem(("trunks", name, "tls"), "tls-missing", message)
    out = s.outbound
    if out.trunk is not None and out.trunk not in s.trunks:
        message = f"there is no trunk named {out.trunk!r}{did_you_mean(out.trunk, s.trunks)}"
        yield source.problem(("outbound", "trunk"), "unknown-trunk", message)
    elif out.trunk is not None and s.trunks[out.trunk].host is None and s.trunks[out.trunk].register_ is None:
        message = f"the trunk {out.trunk!r} has no `host` to send calls to"
        yield source.problem(("outbound", "trunk"), "trunk-without-host", message)
    elif out.trunk is None and out.allow:
        yield source.problem(
            ("outbound", "allow"), "no-trunk", "say in `trunk` which trunk carries these calls"
        )


def _wide_patterns(source: Source, s: Settings) -> Iterator[Problem]:
    for index, pattern in enumerate(s.outbound.allow):
        path = ("outbound", "allow", index)
        if is_open(pattern):
            message = (
                f"{pattern} lets anybody dial anywhere; begin with the digits that are meant, as 0755XXXXXXXX, "
                "or give the length, as NXXXXXXX"
            )
            yield source.problem(path, "dials-anywhere", message)
        elif dials_anywhere(pattern):
            message = (
                f"{pattern} reaches every country, and numbers that cost much; write the countries that are meant, "
                "as 0086X. or +44X."
            )
            yield source.problem(path, "dials-abroad", message, "warning")


def _has(skills: Mapping[str, int], required: Mapping[str, int]) -> bool:
    return all(skills.get(skill, 0) >= level for skill, level in required.items())
