"""The queue: enqueued with what needs it, done by one at a time, tried again, never lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest
from simulated_issuer import Site, Wallet
from sqlalchemy import select

from healthpassport.errors import ServiceError, SourceError
from issuer.service import job_kinds, jobs, reminders
from issuer.service.job_kinds import EVERY, Timetable, work_round
from issuer.service.jobs import LEASE, MAX_ATTEMPTS, Kind
from issuer.store.job_tables import jobs as table
from issuer.store.jobs import JobState


@pytest.fixture
def site(make_site):
    return make_site()


def enqueue(site, kind="note", *, key=None, run_at=None, **payload):
    with site.issuer.store.writing() as tx:
        return jobs.enqueue(site.issuer, tx, kind, payload, key=key, run_at=run_at)


def states(site):
    return sorted((job.kind, job.state.value) for job in jobs.all_jobs(site.issuer))


class Notes:
    """A kind that notes what it was given."""

    def __init__(self, *failures):
        self.seen, self.failures = [], list(failures)

    @property
    def kinds(self):
        return {"note": Kind(self.work)}

    def work(self, issuer, job):
        self.seen.append((dict(job.payload), job.attempts))
        if self.failures:
            raise self.failures.pop(0)


def test_what_is_enqueued_is_done_once_with_its_payload(site):
    notes = Notes()
    assert enqueue(site, number=7)
    assert jobs.run_due(site.issuer, notes.kinds) == 1
    assert jobs.run_due(site.issuer, notes.kinds) == 0
    assert notes.seen == [({"number": 7}, 1)]
    assert states(site) == [("note", "done")]


def test_what_was_rolled_back_was_never_enqueued(site):
    with site.issuer.store.writing() as tx:
        jobs.enqueue(site.issuer, tx, "note", {})
        tx.rollback()
    assert states(site) == []


def test_a_key_is_enqueued_once_also_after_it_was_done(site):
    assert enqueue(site, key="k")
    assert not enqueue(site, key="k")
    jobs.run_due(site.issuer, Notes().kinds)
    assert not enqueue(site, key="k")
    assert enqueue(site, key="l")


def test_a_job_waits_for_its_time(site):
    notes = Notes()
    enqueue(site, run_at=site.issuer.now() + 60)
    assert jobs.run_due(site.issuer, notes.kinds) == 0
    site.pass_time(seconds=60)
    assert jobs.run_due(site.issuer, notes.kinds) == 1


def test_a_failure_is_tried_again_later_and_later_and_then_shown(site):
    notes = Notes(*[SourceError("source.busy") for _ in range(MAX_ATTEMPTS)])
    enqueue(site)
    waited = []
    while notes.failures:
        jobs.run_due(site.issuer, notes.kinds)
        (job,) = jobs.all_jobs(site.issuer)
        waited.append(job.run_at - site.issuer.now())
        site.pass_time(seconds=max(job.run_at - site.issuer.now(), 0))
    assert waited[:-1] == [5, 20, 80, 320, 1280, 3600, 3600]
    (dead,) = jobs.all_jobs(site.issuer, state=JobState.DEAD)
    assert (dead.problem, dead.attempts) == ("source.busy", MAX_ATTEMPTS)
    site.pass_time(days=30)
    assert jobs.run_due(site.issuer, notes.kinds) == 0
    jobs.retry(site.issuer, dead.id)
    assert jobs.run_due(site.issuer, notes.kinds) == 1
    assert states(site) == [("note", "done")]


def test_only_what_failed_for_good_is_revived(site):
    with pytest.raises(ServiceError) as caught:
        jobs.retry(site.issuer, "nothing")
    assert caught.value.code == "job.unknown"
    enqueue(site)
    (job,) = jobs.all_jobs(site.issuer)
    with pytest.raises(ServiceError) as caught:
        jobs.retry(site.issuer, job.id)
    assert caught.value.code == "job.not_dead"


def test_a_kind_that_is_not_known_is_not_lost(site):
    enqueue(site, "of tomorrow")
    assert jobs.run_due(site.issuer, {}) == 1
    (job,) = jobs.all_jobs(site.issuer)
    assert (job.state, job.problem) == (JobState.WAITING, "job.kind")


def test_what_a_killed_process_held_is_taken_over_and_its_late_word_is_undone(site):
    """The claim of the first runs out; what it says afterwards does not count."""
    enqueue(site)
    (slow,) = jobs._claimed(site.issuer)
    assert jobs._claimed(site.issuer) == ()
    site.pass_time(seconds=LEASE)
    notes = Notes()
    assert jobs.run_due(site.issuer, notes.kinds) == 1
    assert notes.seen == [({}, 2)]
    with pytest.raises(ServiceError) as caught, site.issuer.store.writing() as tx:
        jobs.finish(site.issuer, tx, slow)
    assert caught.value.code == "job.lost"


def test_a_job_that_ends_its_process_again_and_again_is_shown_in_the_end(site):
    enqueue(site)
    for _ in range(MAX_ATTEMPTS):
        assert jobs._claimed(site.issuer) is not None
        site.pass_time(seconds=LEASE)
    notes = Notes()
    assert jobs.run_due(site.issuer, notes.kinds) == 1
    assert notes.seen == []
    (dead,) = jobs.all_jobs(site.issuer, state=JobState.DEAD)
    assert dead.problem == "job.crashed"


def test_several_workers_do_nothing_twice(site):
    for number in range(30):
        enqueue(site, number=number)
    notes = Notes()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: jobs.run_due(site.issuer, notes.kinds), range(4)))
    assert sorted(payload["number"] for payload, _ in notes.seen) == list(range(30))
    assert {attempts for _, attempts in notes.seen} == {1}


def test_what_comes_again_is_enqueued_once_for_each_turn_whoever_asks(site):
    one, other = Timetable({}), Timetable({})
    assert work_round(site.issuer, one) == len(EVERY)
    assert work_round(site.issuer, other) == 0
    site.pass_time(seconds=min(EVERY.values()))
    assert work_round(site.issuer, other) == 1
    assert work_round(site.issuer, one) == 0


def test_ended_jobs_are_forgotten_and_dead_ones_are_not(site):
    notes = Notes()
    enqueue(site)
    jobs.run_due(site.issuer, notes.kinds)
    enqueue(site, key="dead")
    with site.issuer.store.writing() as tx:
        tx.execute(table.update().where(table.c.key == "dead").values(state="dead", ended_at=1))
    site.pass_time(days=8)
    job_kinds._erase(site.issuer, SimpleNamespace())
    assert states(site) == [("note", "dead")]


def test_whose_records_run_out_soon_is_noted_once_and_forgotten_when_they_come_again(site):
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200
    assert reminders.note_due(site.issuer) == 0
    site.pass_time(days=84)
    assert reminders.note_due(site.issuer) == 1
    assert reminders.note_due(site.issuer) == 0
    (due,) = reminders.due(site.issuer)
    assert (due.client, due.offer) == ("practice", wallet.made.id)
    assert reminders.due(site.issuer, client="another") == ()
    assert 0 < due.expires_at - site.issuer.now() <= reminders.AHEAD
    site.pass_time(days=8)
    assert reminders.due(site.issuer) == ()
    assert reminders.note_due(site.issuer) == 0


def test_a_serving_process_does_the_work_itself_unless_told_otherwise(tmp_path):
    import asyncio  # noqa: PLC0415

    from issuer.api.working import keep_working  # noqa: PLC0415

    site = Site(tmp_path)

    async def serve(issuer):
        task = asyncio.create_task(keep_working(issuer))
        for _ in range(200):
            await asyncio.sleep(0.02)
            if task.done() or len(states(site)) == len(EVERY) == _done(site):
                break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    alone = replace(
        site.issuer, settings=site.settings.model_copy(update={"jobs_in_process": False})
    )
    asyncio.run(serve(alone))
    assert states(site) == []
    asyncio.run(serve(site.issuer))
    assert _done(site) == len(EVERY)
    site.issuer.store.close()


def _done(site):
    with site.issuer.store.reading() as tx:
        return len(tx.execute(select(table.c.id).where(table.c.state == "done")).all())
