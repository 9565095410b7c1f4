"""Bulk runs: a list becomes offers in the background, and links and PINs are told once."""

from __future__ import annotations

import csv
import json
import secrets
from datetime import UTC, datetime

import pytest
from fhir_examples import PATIENT, allergy, bundle, data
from issuer_config import config_file
from simulated_issuer import Wallet, made_settings
from sqlalchemy import func, select
from typer.testing import CliRunner

from healthpassport.errors import ServiceError, SourceError
from healthpassport.keys import generate_signer
from issuer.cli import app
from issuer.service import bulk, bulk_taking_back, bulk_work, jobs, open_issuer
from issuer.service.bulk_lines import parse_lines
from issuer.service.job_kinds import KINDS
from issuer.service.queue_key import queue_key
from issuer.store.bulk import BulkState
from issuer.store.jobs import JobState
from issuer.store.tables import offer_records, offers

NUMBERS = ["9990000018", "9990000026", "9990000034"]
NHS = "https://fhir.nhs.uk/Id/nhs-number"


def patient(number, family):
    named = {"name": [{"family": family, "given": ["Given"]}]}
    return PATIENT | {"identifier": [{"system": NHS, "value": number}]} | named


@pytest.fixture
def site(make_site, tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    for place, number in enumerate(NUMBERS):
        notes = data(bundle(patient(number, f"Quillfeather{place}"), allergy()))
        (folder / f"{place}.json").write_bytes(notes)
    return make_site(changes={"source_folder": folder, "refresh_days": 30})


def lines(*names):
    return parse_lines(("source\n" + "\n".join(names) + "\n").encode())


def start(site, *names, **more):
    key = generate_signer()
    made = bulk.start(
        site.issuer,
        lines(*names),
        client="practice",
        recipient=bulk.recipient_of(key),
        **more,
    )
    return made, key


def work(site):
    return jobs.run_due(site.issuer, KINDS)


def test_a_list_becomes_offers_that_wallets_can_take(site):
    made, key = start(site, "0.json", "1.json", wanted=("AllergySummary",))
    assert bulk.progress(site.issuer, made).counts == {"waiting": 2}
    assert work(site) == 2
    progress = bulk.progress(site.issuer, made)
    assert (progress.bulk.state, progress.counts) == (BulkState.ENDED, {"offered": 2})
    told = bulk.results(site.issuer, made, key=key)
    assert [one.line for one in told] == [1, 2]
    assert len({one.link for one in told}) == len({one.pin for one in told} | {""}) - 1 == 2
    site.pass_time(days=27)  # a letter may lie for a while
    wallet = _wallet(site, told[0])
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200


def _wallet_offer(site, told):
    address = told.link.partition("credential-offers%2F")[2]
    return site.call("GET", f"/credential-offers/{address}")


def _wallet(site, told):
    offer = _wallet_offer(site, told)
    assert offer.status == 200
    wallet = Wallet.__new__(Wallet)
    wallet.site, wallet.iss, wallet.prefix = site, site.settings.iss, ""
    wallet.key, wallet.token = generate_signer(), None
    wallet.made = _made(offer.json(), told.pin)
    return wallet


def _made(offer, pin):
    from types import SimpleNamespace as Named  # noqa: PLC0415

    (grant,) = offer["grants"].values()
    code = Named(code=grant["pre-authorized_code"])
    return Named(pin=pin, offer=Named(grants=Named(pre_authorized=code)))


def test_results_are_told_once_and_stand_nowhere_in_the_clear(site):
    made, key = start(site, "0.json")
    work(site)
    told = bulk.results(site.issuer, made, key=key)
    kept = site.files()
    address = told[0].link.partition("credential-offers%2F")[2]
    assert len(address) > 40
    for secret in (address, NUMBERS[0], "Quillfeather0", "0.json", "peanut"):
        assert secret.encode() not in kept
    assert f'"{told[0].pin}"'.encode() not in kept
    bulk.forget_results(site.issuer, made, told)
    assert bulk.results(site.issuer, made, key=key) == ()
    assert bulk.progress(site.issuer, made).counts == {"told": 1}


def test_whom_a_waiting_line_is_about_is_sealed(site):
    start(site, "0.json")
    assert b"0.json" not in site.files()
    assert queue_key(site.issuer).encode() not in site.files()


def test_another_key_opens_no_results(site):
    made, _ = start(site, "0.json")
    work(site)
    with pytest.raises(ServiceError) as caught:
        bulk.results(site.issuer, made, key=generate_signer())
    assert caught.value.code == "bulk.key"


def test_a_plan_says_of_each_line_what_would_be_offered_and_offers_nothing(site):
    asked = parse_lines(
        json.dumps({"lines": [{"nhs_number": "999 000 0026"}, {"source": "none.json"}]}).encode()
    )
    known, unknown = bulk.plan(site.issuer, asked)
    assert known.problem is None
    assert "AllergySummary" in known.record_types
    assert (unknown.record_types, unknown.problem) == ((), "source.unknown")
    (wrong,) = bulk.plan(site.issuer, lines("0.json"), wanted=("DeviceImplant",))
    assert wrong.problem == "offer.nothing"
    with pytest.raises(SourceError) as caught:
        list(bulk.plan(site.issuer, asked, wanted=("Nothing",)))
    assert caught.value.code == "offer.record_type"
    assert jobs.job_counts(site.issuer) == {}


def test_a_line_that_is_refused_holds_up_no_other(site):
    made, _ = start(site, "none.json", "1.json")
    assert work(site) == 2
    progress = bulk.progress(site.issuer, made)
    assert progress.refused == ((1, "source.unknown"),)
    assert progress.counts == {"refused": 1, "offered": 1}
    assert progress.bulk.state is BulkState.ENDED


def test_a_source_that_is_away_is_asked_again_and_given_up_in_the_end(site):
    path = site.settings.source_folder / "0.json"
    path.unlink()
    path.mkdir()  # no plain file: unreadable
    made, _ = start(site, "0.json")
    for _ in range(jobs.MAX_ATTEMPTS):
        assert bulk.progress(site.issuer, made).bulk.state is BulkState.RUNNING
        assert work(site) == 1
        site.pass_time(hours=1)
    assert bulk.progress(site.issuer, made).refused == ((1, "source.unreadable"),)
    assert bulk.progress(site.issuer, made).bulk.state is BulkState.ENDED
    (dead,) = jobs.all_jobs(site.issuer, state=JobState.DEAD)
    assert dead.problem == "source.unreadable"


def test_a_cancelled_run_offers_no_more_and_keeps_what_it_offered(site, monkeypatch):
    monkeypatch.setattr(jobs, "AT_ONCE", 1)
    made, key = start(site, "0.json", "1.json", "2.json")
    assert jobs.run_due(site.issuer, KINDS, stop=_after(1)) == 1
    bulk.cancel(site.issuer, made)
    assert work(site) == 0
    progress = bulk.progress(site.issuer, made)
    assert progress.counts == {"offered": 1, "cancelled": 2}
    assert progress.bulk.state is BulkState.CANCELLED
    assert len(bulk.results(site.issuer, made, key=key)) == 1
    with pytest.raises(ServiceError) as caught:
        bulk.cancel(site.issuer, made)
    assert caught.value.code == "bulk.over"


def _after(count):
    left = iter([False] * count)
    return lambda: next(left, True)


def test_a_line_that_was_cancelled_while_it_was_read_leaves_no_offer(site):
    made, _ = start(site, "0.json")
    (job,) = jobs._claimed(site.issuer)
    bulk.cancel(site.issuer, made)
    KINDS[job.kind].work(site.issuer, job)
    assert bulk.progress(site.issuer, made).counts == {"cancelled": 1}
    assert (
        site.call("GET", "/offers", headers={"authorization": f"Bearer {site.api_key}"})
        .json()
        .get("offers", [])
        == []
    )


def test_a_line_tried_twice_is_offered_once(site):
    """The first try did everything but say so to its process."""
    made, key = start(site, "0.json")
    (job,) = jobs._claimed(site.issuer)
    KINDS[job.kind].work(site.issuer, job)
    before = bulk.results(site.issuer, made, key=key)
    site.pass_time(seconds=jobs.LEASE)
    assert work(site) == 0
    assert bulk.results(site.issuer, made, key=key) == before


def test_lines_are_offered_together_and_what_is_wrong_with_one_holds_up_no_other(site):
    (site.settings.source_folder / "1.json").unlink()  # refused for good
    away = site.settings.source_folder / "2.json"
    away.unlink()
    away.mkdir()  # unreadable: tried again later
    made, key = start(site, "0.json", "1.json", "2.json")
    assert work(site) == 3
    progress = bulk.progress(site.issuer, made)
    assert progress.counts == {"offered": 1, "refused": 1, "waiting": 1}
    assert [one.line for one in bulk.results(site.issuer, made, key=key)] == [1]
    assert {(one.state, one.problem) for one in jobs.all_jobs(site.issuer)} == {
        (JobState.DONE, None),
        (JobState.WAITING, "source.unreadable"),
    }


def test_a_line_that_was_lost_meanwhile_takes_none_of_the_others_with_it(site):
    made, key = start(site, "0.json", "1.json")
    claimed = jobs._claimed(site.issuer, frozenset({"bulk.line"}))
    assert len(claimed) == 2
    KINDS[claimed[0].kind].work(site.issuer, claimed[0])  # as by another process
    left = KINDS[claimed[0].kind].together(site.issuer, claimed)
    assert [one.job for one in left] == [claimed[0]]
    told = bulk.results(site.issuer, made, key=key)
    assert [one.line for one in told] == [1, 2]
    assert _offers(site) == 2


def test_a_run_of_which_a_line_was_cancelled_while_it_was_read_keeps_no_offer(site, monkeypatch):
    made, _ = start(site, "0.json", "1.json")
    claimed = jobs._claimed(site.issuer, frozenset({"bulk.line"}))
    prepared = bulk_work._prepared

    def late(*arguments):
        found = prepared(*arguments)
        if bulk.progress(site.issuer, made).bulk.state is BulkState.RUNNING:
            bulk.cancel(site.issuer, made)
        return found

    monkeypatch.setattr(bulk_work, "_prepared", late)
    left = KINDS[claimed[0].kind].together(site.issuer, claimed)
    assert [one.job for one in left] == list(claimed)
    assert _offers(site) == 0


def test_what_was_claimed_and_not_begun_is_given_back_when_the_process_stops(site):
    made, _ = start(site, "0.json", "1.json", "2.json")
    claimed = jobs._claimed(site.issuer, frozenset({"bulk.line"}))
    left = {"bulk.line": jobs.Kind(KINDS["bulk.line"].work, ends_itself=True)}
    assert jobs._run_all(site.issuer, claimed, left, lambda: True) == 1
    assert bulk.progress(site.issuer, made).lines == 3
    assert sorted((job.state, job.attempts) for job in jobs.all_jobs(site.issuer)) == [
        (JobState.DONE, 1),
        (JobState.WAITING, 0),
        (JobState.WAITING, 0),
    ]
    assert work(site) == 2


def test_offers_of_a_run_are_taken_back_and_what_was_begun_is_not(site, monkeypatch):
    monkeypatch.setattr(bulk_taking_back, "AT_ONCE", 1)
    made, key = start(site, "0.json", "1.json", "2.json", wanted=("AllergySummary",))
    assert work(site) == 3
    told = bulk.results(site.issuer, made, key=key)
    bulk.forget_results(site.issuer, made, told[1:])
    assert _wallet(site, told[0]).ask_token().status == 200
    assert bulk_taking_back.take_back(site.issuer, made) == 2
    assert bulk_taking_back.take_back(site.issuer, made) == 0
    assert bulk.progress(site.issuer, made).counts == {"offered": 1, "cancelled": 2}
    assert _wallet_offer(site, told[1]).status == 404
    with site.issuer.store.reading() as tx:
        held = select(func.count()).where(offer_records.c.sealed.is_not(None))
        assert tx.execute(held).scalar() == 1
    assert [one.line for one in bulk.results(site.issuer, made, key=key)] == [1]


def test_offers_of_an_unknown_run_are_not_taken_back(site):
    with pytest.raises(ServiceError) as caught:
        bulk_taking_back.take_back(site.issuer, "nothing")
    assert caught.value.code == "bulk.unknown"


def _offers(site):
    with site.issuer.store.reading() as tx:
        return tx.execute(select(func.count()).select_from(offers)).scalar()


def test_an_unknown_run_is_told(site):
    for ask in (bulk.progress, bulk.cancel):
        with pytest.raises(ServiceError) as caught:
            ask(site.issuer, "nothing")
        assert caught.value.code == "bulk.unknown"


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_whole_by_commands(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "0.json").write_bytes(data(bundle(patient(NUMBERS[0], "Quillfeather"), allergy())))
    made, _ = made_settings(tmp_path, certified_at=datetime.now(UTC), source_folder=folder)
    config = config_file(tmp_path, made, more=("source_folder",))

    def command(*arguments):
        return run(*arguments, "--config", config)

    people = tmp_path / "people.csv"
    people.write_text(f"nhs_number\n{NUMBERS[0]}\n")
    planned = command("bulk", "plan", people)
    assert planned.exit_code == 0, planned.output
    assert "AllergySummary" in planned.stdout
    key, links, pins = (tmp_path / name for name in ("run.key", "links.csv", "pins.csv"))
    started = command("bulk", "start", people, "--key", key)
    bulk_run = started.stdout.strip()
    assert command("bulk", "list").stdout.split() == [bulk_run, "running"]
    listed = command("jobs", "list", "--state", "all").stdout
    assert listed.split()[1:3] == ["bulk.line", "waiting"]
    issuer = open_issuer(made, clock=lambda: datetime.now(UTC), random=secrets.token_bytes)
    assert jobs.run_due(issuer, KINDS) == 1
    issuer.store.close()
    assert command("bulk", "show", bulk_run).stdout.splitlines()[0] == "ended: 1 offered"
    asked = ("bulk", "results", bulk_run, "--key", key, "--links", links, "--pins", pins)
    assert command(*asked).exit_code == 0
    (link,), (pin,) = (
        list(csv.DictReader(path.read_text().splitlines())) for path in (links, pins)
    )
    assert link["link"].startswith("openid-credential-offer://")
    assert len(pin["pin"]) == 6
    assert "pin" not in link
    assert "link" not in pin
    assert {path.stat().st_mode & 0o077 for path in (key, links, pins)} == {0}
    assert command(*asked).exception.code == "issuer.folder"  # the files are there
    for path in (links, pins):
        path.unlink()
    command(*asked)
    assert len(links.read_text().splitlines()) == 1
    assert command("bulk", "cancel", bulk_run).exception.code == "bulk.over"
    taken = command("bulk", "cancel", bulk_run, "--offers")
    assert (taken.exit_code, "1 offers" in taken.stderr) == (0, True)
    assert command("bulk", "show", bulk_run).stdout == "ended: 1 cancelled\n"
    assert command("bulk", "cancel", "nothing", "--offers").exception.code == "bulk.unknown"
    for step in (planned, started):
        assert NUMBERS[0] not in step.output
        assert "Quillfeather" not in step.output
