"""Callers in queues: they enter, their needs widen, their owner is waited for, and limits end their stay."""

from __future__ import annotations

from acd.estimate import Estimate
from acd.floor import Floor
from acd.lines import VisitState
from acd.matching import Matching
from acd.messages import CallbackFailed, CloseReason, Enter, Leave
from acd.plan import QueuePlan
from acd.policy import meets
from acd.pools import Pool, abilities_of
from acd.widening import for_owner, stage_at

ESTIMATE_EVERY_MS = 10_000  # how often a queue's longest estimate is looked at while a caller waits


class Callers:
    """What happens to visits, but for their offers."""

    def __init__(self, floor: Floor, matching: Matching) -> None:
        self._floor = floor
        self._matching = matching

    def enter(self, event: Enter) -> None:
        """Begin a visit, or send the caller on at once where a limit says so."""
        floor = self._floor
        if event.visit in floor.visits:
            return
        queue = floor.plan.queues[event.queue]
        visit = self._visit(event, queue)
        self._set_alarms(visit)
        full = queue.capacity is not None and floor.lines.waiting(queue.name) >= queue.capacity
        floor.enrol(visit)
        if queue.closed and visit.kind == "call" and not event.returning:
            floor.close(visit, "closed")
            return
        if self._unservable(visit):
            floor.close(visit, "no_agents")
            return
        self._read_needs(visit)
        if event.aside_until is not None and event.aside_until > floor.now:
            self.put_aside(visit, event.aside_until)
            return
        floor.lines.add(visit)
        self._matching.serve_visit(visit)
        if visit.kind == "callback":
            return
        if visit.offer is None and not event.returning and (full or self._estimate_too_long(visit)):
            floor.close(visit, "full" if full else "long_wait")
            return
        if visit.offer is None:
            floor.rates.entered(visit, floor.lines, floor.now)

    def stand(self, event: Enter) -> None:
        """Put a caller in line as he once stood there: no limit sends him on, nothing is offered, no time passes."""
        visit = self._visit(event, self._floor.plan.queues[event.queue])
        self._floor.enrol(visit)
        self._read_needs(visit)
        self._floor.lines.add(visit)

    def leave(self, event: Leave) -> None:
        """End a visit whose caller is gone."""
        floor = self._floor
        visit = floor.visits.get(event.visit)
        if visit is None:
            return
        floor.forget(visit, "abandoned")
        if visit.offer is not None:
            floor.offers[visit.offer].visit = None
            self._matching.cancel(floor.offers[visit.offer])

    def back_in_line(self, visit: VisitState) -> None:
        """Take back a caller whose offer came to nothing, unless his time here is over."""
        visit.offer = None
        self._read_needs(visit)
        reason = self._over(visit)
        if reason is not None:
            self._floor.close(visit, reason)
        elif visit.aside_until is None:
            self._floor.lines.add(visit)

    def put_aside(self, visit: VisitState, until: int) -> None:
        """Let a call-back wait out of line."""
        visit.aside_until = until
        self._floor.step_out(visit)
        self._floor.alarm(until, "aside", visit.id)

    def callback_failed(self, event: CallbackFailed) -> None:
        """Put a call-back that has no offer aside, or change until when it is."""
        visit = self._floor.visits.get(event.visit)
        if visit is not None and visit.offer is None:
            self.put_aside(visit, event.retry_at)

    def again(self, visit: VisitState) -> None:
        """Look anew at what a waiting caller needs and who is ready for it."""
        if visit.offer is None and visit.aside_until is None:
            self._floor.step_out(visit)
            self.back_in_line(visit)
            self._matching.serve_visit(visit)
        else:
            self._read_needs(visit)

    def seat_off_duty(self, owner: str, pools: list[Pool]) -> None:
        """Send on whom nobody can serve any more; callers who waited for this owner wait for all."""
        floor = self._floor
        for pool in pools:
            if pool.reaching and not pool.somebody_on_duty():
                for visit in list(pool.reaching.values()):
                    if visit.offer is None and visit.kind == "call":
                        floor.close(visit, "no_agents")
            lines = list(pool.waiting.values()) if pool.named else []
            for visit in [visit for line in lines for visit in line if visit.waits_for == owner]:
                self.again(visit)

    def move_to(self, visit: VisitState, queue: QueuePlan | None) -> None:
        """Take in another plan of the visit's queue; None where it is gone. The lines have been emptied before."""
        floor = self._floor
        visit.line = None
        if queue is None:
            if visit.offer is None:
                floor.close(visit, "queue-removed")
            return
        visit.queue = queue
        visit.priority = queue.priority + visit.own_priority
        visit.ladder = floor.ladder(queue, visit.skills)
        self._set_alarms(visit)
        if visit.offer is None:
            self.back_in_line(visit)
        else:
            self._read_needs(visit)

    def forecast(self, queue: str) -> Estimate | None:
        """Estimate how long a caller would wait who came to a queue now; None where nothing is known."""
        floor = self._floor
        visit = self._visit(Enter("", queue, floor.now), floor.plan.queues[queue])
        try:
            if any(len(profile.bench) for profile in visit.pool.profiles):
                return Estimate(0.0, 0.0, 0.0, "queue-length")
            return floor.rates.estimate(visit, floor.lines, floor.now)
        finally:
            for pool in (visit.pool, visit.reach):
                floor.pools.close(pool)

    # --- what is due

    def limit_reached(self, visit: VisitState) -> None:
        """Send a caller on who has waited too long; one who is being offered only when that is over."""
        if visit.offer is None and (reason := self._over(visit)) is not None:
            self._floor.close(visit, reason)

    def estimate_due(self, visit: VisitState) -> None:
        """Send a caller on who would have to wait too long."""
        if visit.queue.longest_estimate_ms is None:
            return
        if visit.offer is None and self._estimate_too_long(visit):
            self._floor.close(visit, "long_wait")
        else:
            self._floor.alarm(self._floor.now + ESTIMATE_EVERY_MS, "estimate", visit.id)

    def retry_due(self, visit: VisitState) -> None:
        """Look for a seat again, now that one which missed this caller may have him back."""
        self._matching.serve_visit(visit)

    def aside_over(self, visit: VisitState) -> None:
        """Let a call-back come back into its old place."""
        if visit.offer is None and visit.aside_until is not None and visit.aside_until <= self._floor.now:
            visit.aside_until = None
            self.again(visit)

    # --- the parts

    def _visit(self, event: Enter, queue: QueuePlan) -> VisitState:
        floor = self._floor
        ladder = floor.ladder(queue, event.skills)
        stage, _ = stage_at(ladder, floor.now - event.arrived)
        return VisitState(
            id=event.visit,
            queue=queue,
            skills=event.skills,
            own_priority=event.priority,
            priority=queue.priority + event.priority,
            arrived=event.arrived,
            since=event.arrived - event.credit_ms,
            sequence=floor.next_number(),
            offers=event.offers,
            tier=event.tier,
            kind=event.kind,
            owner=event.owner,
            ladder=ladder,
            stage=stage,
            pool=floor.pools.of(stage.ways),
            reach=floor.pools.of(stage.reach),
            avoid=dict(event.avoid),
        )

    def _set_alarms(self, visit: VisitState) -> None:
        floor = self._floor
        for stage in visit.ladder[1:]:
            if stage.after_ms > floor.now - visit.arrived:
                floor.alarm(visit.arrived + stage.after_ms, "needs", visit.id)
        if visit.owner is not None:
            floor.alarm(visit.arrived + visit.queue.owner_ms, "needs", visit.id)
        if visit.kind == "call" and visit.queue.longest_wait_ms is not None:
            floor.alarm(visit.arrived + visit.queue.longest_wait_ms, "limit", visit.id)
        if visit.kind == "call" and visit.queue.longest_estimate_ms is not None:
            floor.alarm(floor.now + ESTIMATE_EVERY_MS, "estimate", visit.id)
        for again in visit.avoid.values():
            floor.alarm(again, "retry", visit.id)

    def _read_needs(self, visit: VisitState) -> None:
        """Set what a caller needs by now: by the step he has come to, and of his owner alone while he waits for him."""
        floor = self._floor
        visit.stage, _ = stage_at(visit.ladder, floor.now - visit.arrived)
        floor.reach_changes(visit, floor.pools.of(visit.stage.reach))
        ways = visit.stage.ways
        visit.owner = visit.waits_for = self._owner(visit)  # who is once not to be waited for never is again
        if visit.waits_for is not None:
            ways = for_owner(ways, visit.waits_for)
        before, visit.pool = visit.pool, floor.pools.of(ways)
        if before is not visit.pool:
            floor.pools.close(before)

    def _owner(self, visit: VisitState) -> str | None:
        """Return the owner, while he is to be asked first: on duty, able, and not one who just missed this call."""
        floor = self._floor
        owner = floor.seating.all.get(visit.owner) if visit.owner is not None else None
        if owner is None or not owner.duty or visit.avoids(owner.name, floor.now):
            return None
        if floor.now >= visit.arrived + visit.queue.owner_ms or not meets(
            abilities_of(owner), visit.stage.ways
        ):
            return None
        return owner.name

    def _over(self, visit: VisitState) -> CloseReason | None:
        """Return why a caller can stay no longer."""
        floor, queue = self._floor, visit.queue
        if queue.name not in floor.plan.queues:
            return "queue-removed"
        if visit.kind == "callback":
            return None
        if queue.longest_wait_ms is not None and floor.now >= visit.arrived + queue.longest_wait_ms:
            return "timeout"
        return "no_agents" if self._unservable(visit) else None

    def _unservable(self, visit: VisitState) -> bool:
        return visit.kind == "call" and not visit.reach.somebody_on_duty()

    def _estimate_too_long(self, visit: VisitState) -> bool:
        limit = visit.queue.longest_estimate_ms
        if limit is None or visit.offer is not None:
            return False
        estimate = self._floor.rates.estimate(visit, self._floor.lines, self._floor.now)
        return estimate is not None and estimate.expected > limit
