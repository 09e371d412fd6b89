"""The laws of the whole loop (issue 3): requests, stops, returns, joins, evidence, reminders, samples, recurrence."""

from datetime import datetime, timedelta

from civicloop.core.loop.draft import Decision
from civicloop.core.loop.orders import LOST, current_orders, owing, unaccepted
from civicloop.core.model.case import Case, Duty, Entry, OrderState, Reason, Track, TrackState, WorkOrder
from civicloop.core.model.chain import Effect, Need, Proof, Severity
from civicloop.core.model.given import AllClear, Answer, Brought, Found, Given, Lapse, Verb
from civicloop.core.model.limit import Count
from civicloop.core.model.notice import NoticeKind
from civicloop.core.model.street import OPS

from .histories import History
from .laws import is_not_taken, same_round, tracks_of

STOPPED = (TrackState.SUSPENDED, TrackState.DISPATCHING)


def entries_of(made: Decision, track: str, *reasons: Reason) -> list[Entry]:
    """What the decision wrote of one track, of these reasons."""
    return [entry for entry in made.entries if entry.track == track and entry.reason in reasons]


def a_request_lives_in_its_step(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """It waits while the step does that it was made in, and does not go without a word."""
    for track in made.case.tracks if made.case else ():
        if track.request:
            assert track.state is TrackState.WORKING
            assert track.asked_at <= track.request.asked_at
            assert track.due is not None
    for track, after in tracks_of(before, made):
        if track.request and track.request != after.request:
            ends = (Reason.EXTENDED, Reason.SUSPENDED, Reason.REQUEST_DENIED, Reason.REQUEST_VOIDED)
            assert entries_of(made, track.name, *ends) or not after.is_open
            assert after.request is None
            if entries_of(made, track.name, Reason.REQUEST_DENIED, Reason.REQUEST_VOIDED):
                assert not history.holds(track.request.party) or track.request.party in told(made)


def told(made: Decision) -> set[str]:
    """Who hears of a decision."""
    return {notice.party for notice in made.notices}


def more_time_is_granted_in_time_and_seldom(
    history: History, before: Case | None, given: Given, made: Decision
) -> None:
    """By the street, before the deadline: an extension adds the original limit, twice; a stop once, for a year."""
    for track, after in tracks_of(before, made):
        extended = len(entries_of(made, track.name, Reason.EXTENDED))
        suspended = len(entries_of(made, track.name, Reason.SUSPENDED))
        assert after.extensions == track.extensions + extended <= 2
        assert after.suspensions == track.suspensions + suspended <= 1
        if not extended and not suspended:
            continue
        assert isinstance(given, Answer)
        assert given.admin or given.party == OPS
        assert track.due is not None
        assert history.now < track.due
        assert made.case is not None
        step = made.case.step(track)
        if suspended:
            assert after.due is not None
            assert after.held_at == history.now < after.due <= history.now + timedelta(days=365)
            continue
        longer = {order.number: order for order in after.orders}
        for order in current_orders(track, step):
            assert order.finish_by is not None
            assert step.finish is not None
            until = history.street.deadline(order.finish_by, step.finish, order.organisation)
            assert longer[order.number].finish_by == until
            assert longer[order.number].accept_by == order.accept_by
        finishes = [one.finish_by for one in current_orders(after, step) if one.finish_by]
        assert after.step_due in (track.step_due, max(finishes))


def a_stopped_clock_stands_still(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Whoever goes on after a stop or a dispatch has the time that was left; whoever is new starts afresh."""
    for track, after in tracks_of(before, made):
        if track.state not in STOPPED or after.state in STOPPED or not after.is_open or track.held_at is None:
            continue
        assert made.case is not None
        pause, step = history.now - track.held_at, made.case.step(track)
        now = {order.number: order for order in after.orders}
        for order in current_orders(track, step):
            later = now.get(order.number)
            if later is None or later.asked_at != order.asked_at:
                continue
            assert later.finish_by == (order.finish_by and order.finish_by + pause)
            if order.state in LOST and later.is_open:  # asked again: as long to accept as anybody, within what is left
                assert step.accept is None or later.accept_by is not None
                assert later.accept_by is None or history.now < later.accept_by
                assert None in (later.accept_by, later.finish_by) or later.accept_by <= later.finish_by
            else:
                assert later.accept_by == (order.accept_by and order.accept_by + pause)
        if after.state is TrackState.WORKING and not step.parties and after.step == track.step:
            assert track.step_due is not None
            assert after.due == track.step_due + pause


def the_same_party_resumes(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Returned work that goes back to whoever returned it is the same order; whoever gets a lead's work leads."""
    for track, after in tracks_of(before, made):
        if track.state is not TrackState.DISPATCHING or not entries_of(made, track.name, Reason.REASSIGNED):
            continue
        assert isinstance(given, Answer)
        assert made.case is not None
        step, holder = made.case.step(track), history.holder(given.to)
        assert holder is not None
        returned = [one for one in current_orders(track, step) if one.state in LOST]
        (order,) = [one for one in current_orders(after, step) if one.party == given.to and one.is_open]
        if (given.to, holder.organisation) in {(one.party, one.organisation) for one in returned}:
            assert order.number in {one.number for one in returned}
        else:
            assert order.asked_at == history.now
        if step.need is Need.LEAD and current_orders(track, step)[0] in returned:
            assert current_orders(after, step)[0] == order


def after_the_arbiter_nothing_is_returned(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """The last return goes to the arbiter, whose choice stands."""
    for track, after in tracks_of(before, made):
        most = history.rules.returns_max
        asked = entries_of(made, track.name, Reason.DISPATCH_ASKED, Reason.ARBITER_ASKED)
        assert after.returns in (track.returns, track.returns + 1)
        assert after.returns <= most
        assert after.is_arbitrated == (after.returns >= most)
        for entry in asked:
            assert after.returns == track.returns + 1
            assert (entry.reason is Reason.ARBITER_ASKED) == (after.returns == most)
            assert entry.party == (history.rules.arbiter if after.returns == most else OPS)
            assert after.due == history.street.deadline(history.now, history.street.dispatch_within)
        if track.state is TrackState.WORKING and entries_of(made, track.name, Reason.RETURNED):
            assert after.returns == track.returns + 1 or (after.state, after.step) == (track.state, track.step)
        if track.is_arbitrated and entries_of(made, track.name, Reason.RETURNED):
            was = {order.number: order for order in track.orders}
            back = [one for one in after.orders if one.state is OrderState.RETURNED and was[one.number].is_open]
            assert not [order for order in back if order.duty is Duty.WORK]


def the_case_closes_when_enough_has(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """As many required tracks as the rules want, and not before; side work neither closes it nor keeps it open."""
    case = made.case
    if case is None:
        return
    required = [track for track in case.tracks if track.required]
    wanted = min(history.rules.join or len(required), len(required))
    if case.is_open:
        assert history.was_reopened or made.reason is Reason.REOPENED or closed(required) < wanted
    elif closing := [entry for entry in made.entries if entry.reason is Reason.CLOSED]:
        (last,) = closing
        assert last.track in {track.name for track in required}
        was = before.tracks if before and before.id == case.id else ()
        ended = {track.name for track in was if not track.is_open}
        ended |= {entry.track for entry in made.entries if entry.reason is Reason.TRACK_CLOSED}
        if not history.was_reopened and made.reason is not Reason.REOPENED:
            assert len({track.name for track in required} & {*ended, last.track}) == wanted


def closed(tracks: list[Track]) -> int:
    """How many of them are."""
    return sum(not track.is_open for track in tracks)


def tracks_open_with_their_step(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """A track that waits for a step is there once the main track is at it, and then stays."""
    case = made.case
    if case is None or not case.is_open:
        return
    names = [track.name for track in case.tracks]
    assert len(names) == len(set(names))
    main = case.tracks[0]
    reached = {step.name for step in case.rules.chain(main.name)[: main.step + 1]}
    for rule in case.rules.tracks:
        if not rule.opens_at or rule.opens_at in reached:
            assert rule.name in names
    for entry in made.entries:
        if entry.reason is Reason.TRACK_OPENED:
            assert case.rules.track(entry.track).opens_at in reached
            assert before is None or before.id != case.id or before.track(entry.track) is None


def nothing_closes_without_its_proof(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Except by order, in vain where the rules say so, by a review that denies it, or before anybody was asked."""
    case = made.case
    if case is None or not any(entry.reason in (Reason.CLOSED, Reason.TRACK_CLOSED) for entry in made.entries):
        return
    reasons = {entry.reason for entry in made.entries}
    if reasons & {Reason.VOIDED, Reason.FORCED_CLOSED, Reason.TRACK_LAPSED, Reason.REVIEWED}:
        return
    if isinstance(given, AllClear) and before and not before.was_dispatched:
        return
    brought = {one.kind for one in case.evidence}
    assert {proof.kind for proof in case.rules.proofs if proof.to_close} <= brought


def a_report_brings_its_proofs(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """What a report of success needs is there, and whatever is brought is as it must be; it stays with the case."""
    if not isinstance(given, Answer) or made.refused or before is None or made.reason is Reason.ALREADY:
        return
    if given.verb not in (Verb.REPORT, Verb.COMMENT) and (given.verb, made.reason) != (Verb.VERIFY, Reason.VERIFIED):
        return
    proofs = {proof.kind: proof for proof in before.rules.proofs}
    kinds = {one.kind for one in given.evidence}
    effect = {"": Effect.DONE, **{one.value: one for one in Effect}, **dict(before.rules.outcomes)}.get(given.result)
    if given.verb is Verb.REPORT and effect is Effect.DONE:
        assert {kind for kind, proof in proofs.items() if not proof.to_close} <= kinds
    assert all(fits(history, before.opened_at, proofs[one.kind], one) for one in given.evidence)
    assert made.case
    assert kinds <= {one.kind for one in made.case.evidence}


def fits(history: History, since: datetime, proof: Proof, one: Brought) -> bool:
    """Whether a piece of evidence is what the rules ask for, and no older than the case."""
    return (
        (not proof.is_fresh or bool(one.hash and not one.is_known))
        and (not proof.is_here or one.place in ("E1", "B1"))
        and (not proof.is_timely or (one.taken_at is not None and since <= one.taken_at <= history.now))
        and (not proof.is_numbered or bool(one.number.strip()))
        and (not proof.outcomes or one.outcome in proof.outcomes)
    )


def who_owes_a_report_is_reminded_once(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Once a finish, at the rules' share of it; never while the clocks stand, nor of what is not taken on yet."""
    for entry in made.entries:
        if entry.reason is Reason.REMINDED:
            assert isinstance(given, Lapse)
            track = before.track(entry.track) if before else None
            assert before is not None
            assert track is not None
            assert track.state is TrackState.WORKING
            assert not unaccepted(track, before.step(track))
            (order,) = [one for one in current_orders(track, before.step(track)) if one.party == entry.party]
            assert order.is_open
            orders = [one for one in current_orders(track, before.step(track)) if one.remind_by]
            assert before.step(track).need is not Need.ANY or is_not_taken(order, orders)
            assert order.finish_by is not None
            owed = (entry.track, order.number, order.finish_by)
            assert owed not in history.reminded
            history.reminded.add(owed)
    percent = history.rules.remind_percent
    for track in made.case.tracks if made.case else ():
        assert track.remind_at is None or track.state is TrackState.WORKING
        if track.state is TrackState.WORKING and made.case and not unaccepted(track, made.case.step(track)):
            ahead = [one.remind_by for one in owing(track, made.case.step(track))]
            ahead = [at for at in ahead if at and at > history.now]
            assert not ahead or (track.remind_at and track.remind_at <= min(at for at in ahead if at))
        steps = {step.name: step for step in history.rules.chain(track.name)}
        for order in (order for order in track.orders if order.remind_by):
            finish = steps[order.step].finish
            assert percent > 0
            assert finish is not None
            assert order.finish_by is not None
            assert order.remind_by is not None
            assert order.remind_by <= order.finish_by
            if finish.count is Count.NATURAL:
                left = timedelta(seconds=finish.seconds - finish.seconds * percent // 100)
                assert order.finish_by - order.remind_by == left


def an_appeal_changes_no_fact(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """What is said after the closing touches no track; an appeal is decided by two pairs of other hands."""
    cases = same_round(before, made)
    if cases is None or cases[0].is_open or made.reason is Reason.REOPENED:
        return
    was, now = cases
    assert was.tracks == now.tracks
    if was.appeal != now.appeal and now.appeal:
        assert isinstance(given, Answer)
        if was.appeal is None:
            late = {one.party for track in was.tracks for one in track.orders if one.is_late}
            assert now.appeal.party in late
        else:
            assert not was.appeal.result
            assert given.party != now.appeal.party
            assert now.appeal.result != "granted" or (was.appeal.reviewer not in ("", given.by or given.party))


def a_result_is_drawn_as_the_rules_say(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """A danger to life and a party in doubt are always checked; a share of nothing never is."""
    for entry in made.entries:
        if entry.reason is Reason.NOT_DRAWN:
            assert before is not None
            assert isinstance(given, Answer)
            assert before.severity is not Severity.P0
            assert before.rules.check.sample << given.doubt < 100
    if made.case and isinstance(given, Answer) and given.verb is Verb.REPORT and not made.case.rules.check.sample:
        begun = entries_of(made, made.entries[0].track, Reason.NOT_DRAWN) if made.entries else []
        people = {one.party for one in made.entries if one.reason is Reason.CHECK_ASKED} - {"sensor"}
        awaited = any(one.reason is Reason.PROOF_AWAITED for one in made.entries)
        assert begun or awaited or not people or made.case.severity is Severity.P0


def a_report_is_checked_as_the_rules_say(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """It closes at once only where nobody and nothing is to look at it."""
    if not isinstance(given, Answer) or given.verb is not Verb.REPORT or before is None or made.case is None:
        return
    check = before.rules.check
    looks = bool(check.quiet or check.clear or check.parties)
    if looks and any(entry.reason in (Reason.CLOSED, Reason.TRACK_CLOSED) for entry in made.entries):
        reasons = {entry.reason for entry in made.entries}
        assert reasons & {Reason.NOT_DRAWN, Reason.TRACK_LAPSED}
    for track, after in tracks_of(before, made):
        if after.state is TrackState.VERIFYING and after.reporters != track.reporters:
            watched = after.quiet_until is not None or after.awaits_clear
            asked = any(order.duty is Duty.CHECK and order.is_open for order in after.orders)
            found = {Reason.NOBODY_FOUND, Reason.NOBODY_ON_DUTY} & {entry.reason for entry in made.entries}
            assert watched or asked or found
            assert not watched or before.severity is not Severity.P0


def what_is_clear_stays_clear(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """An all-clear that a check awaits must hold for the rules' span, and their quiet be over as well."""
    check = history.rules.check
    for track, after in tracks_of(before, made):
        if isinstance(given, AllClear) and track.awaits_clear and after.quiet_until != track.quiet_until:
            assert check.clear is not None
            assert track.held_at is not None
            ends = [history.street.deadline(given.at, check.clear)]
            ends += [history.street.deadline(track.held_at, check.quiet)] if check.quiet else []
            assert after.quiet_until == max(ends)


def the_same_again_starts_higher(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Within the rules' memory of something that was solved; the new round carries the history."""
    case = made.case
    if case is None or made.reason is not Reason.OPENED:
        return
    memory = history.rules.recurrence
    solved = before is not None and before.result not in ("false_alarm", "voided")
    again = bool(memory and before and before.closed_at and solved) and (
        memory is not None
        and before is not None
        and before.closed_at is not None
        and history.now <= history.street.deadline(before.closed_at, memory.within)
    )
    assert any(entry.reason is Reason.RECURRED for entry in made.entries) == again
    assert case.previous == (before.id if again and before else None)
    assert case.recurrences == (before.recurrences + 1 if again and before else 0)
    if again and memory and case.is_open and case.tracks[0].is_open:
        chain, at = case.rules.chain("main"), case.tracks[0].step
        starts = [index for index, step in enumerate(chain) if step.name in (memory.start, getattr(given, "start", ""))]
        assert at >= max(starts) or (chain[at].review and any(step.enforcement for step in chain[at:]))
    if not again and isinstance(given, Found) and given.start is None:
        first = next(entry for entry in made.entries if entry.track == "main" and entry.reason is not Reason.OPENED)
        assert first.step == case.rules.chain("main")[0].name


def only_the_asked_answer(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """An order changes hands only by its own party, a deadline, or the street."""
    if not isinstance(given, Answer) or made.refused or given.verb not in (Verb.ACCEPT, Verb.REPORT, Verb.RETURN):
        return
    for track, after in tracks_of(before, made):
        was: dict[int, WorkOrder] = {order.number: order for order in track.orders}
        for order in after.orders:
            old = was.get(order.number)
            if old and old.state != order.state and order.state is not OrderState.WITHDRAWN:
                assert old.party == given.party
                assert old.is_open


def a_check_that_fails_too_often_climbs(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Twice the same party does it again; after that the next step is asked as well."""
    for track, after in tracks_of(before, made):
        if after.rework > track.rework and after.rework > 2 and before is not None:
            steps = [step.name for step in history.rules.chain(track.name)]
            at = {steps.index(one.step) for one in track.orders if one.number in track.reporters}
            climbs = (Reason.ESCALATED, Reason.CHAIN_ENDED, Reason.REVIEW_AWAITED, Reason.PAUSED, Reason.TRACK_LAPSED)
            assert at != {track.step} or entries_of(made, track.name, *climbs)


def pressure_is_heard(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Whoever still owes an answer is pressed, and no clock changes."""
    if made.reason is Reason.SUPERVISED and before and made.case:
        assert made.case.tracks == before.tracks
        assert made.case.supervised >= max(1, before.supervised)
        (entry,) = made.entries
        track = before.track(entry.track)
        assert track is not None
        owing = {order.party for order in track.orders if order.is_open and history.holds(order.party)}
        assert owing <= {notice.party for notice in made.notices if notice.kind is NoticeKind.REPEAT}


OF_WORK = (
    a_request_lives_in_its_step,
    more_time_is_granted_in_time_and_seldom,
    a_stopped_clock_stands_still,
    the_same_party_resumes,
    after_the_arbiter_nothing_is_returned,
    the_case_closes_when_enough_has,
    tracks_open_with_their_step,
    nothing_closes_without_its_proof,
    a_report_brings_its_proofs,
    who_owes_a_report_is_reminded_once,
    an_appeal_changes_no_fact,
    a_result_is_drawn_as_the_rules_say,
    a_report_is_checked_as_the_rules_say,
    what_is_clear_stays_clear,
    the_same_again_starts_higher,
    only_the_asked_answer,
    a_check_that_fails_too_often_climbs,
    pressure_is_heard,
)
