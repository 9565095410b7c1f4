"""Status lists as files: what is written, when, and what is refused; after a lost journal."""

import gzip
import json
from datetime import timedelta

import pytest
from databases import keep, put_back
from simulated_issuer import Site, Wallet
from sqlalchemy import select

from healthpassport.errors import ServiceError
from healthpassport.formats import sd_jwt_vc
from healthpassport.status import cwt
from healthpassport.status import token_status_list as tsl
from healthpassport.summary import issued_types
from issuer import service
from issuer.service import Change, change_status
from issuer.service.job_kinds import EVERY, PUBLISH, Timetable, work_round
from issuer.service.list_files import RESIGN_SECONDS, publish_files
from issuer.service.published_files import Held, read_bitstring, read_token
from issuer.service.restoring import after_restore
from issuer.service.retention import list_reports, retire, small_lists
from issuer.service.status_journal import journal_path
from issuer.store.anew import GAP
from issuer.store.tables import issuances, status_entries, status_lists
from schemas.cards import CARD

SIZE = 131_072


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, {"status_list_size": SIZE})


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def issue(site, copies=2):
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token(host="198.51.100.7").status == 200
    answer = wallet.ask_credential(copies=copies)
    assert answer.status == 200
    texts = [entry["credential"] for entry in answer.json()["credentials"]]
    references = [tsl.reference(sd_jwt_vc.open_held(text).payload) for text in texts]
    (found,) = service.issued(site.issuer, offer=wallet.made.id)
    return found.id, references


def in_file(site, out, reference):
    """The status as the file of the list says, with everything that a desk would check."""
    path = out / reference.uri.rpartition("/")[2]
    keys = [site.issuer.signer.public_key]
    arguments = {"expected_uri": reference.uri, "keys": keys, "now": site.now}
    held = tsl.read(path.read_text(), **arguments)
    twin = cwt.read(path.with_name(f"{path.name}.cwt").read_bytes(), **arguments)
    assert twin.list == held.list
    assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == path.read_bytes()
    return held.get(reference.index)


def written(site, out):
    return {
        one.uri.removeprefix(site.settings.iss): one.written
        for one in publish_files(site.issuer, out)
    }


def test_files_say_what_the_lists_say(site, out):
    issuance, [reference, *_] = issue(site)
    assert set(written(site, out)) == {"/status/1", "/status/bitstring/1", "/status/bitstring/2"}
    assert in_file(site, out, reference) == tsl.VALID
    change_status(site.issuer, issuance=issuance, change=Change.SUSPEND)
    publish_files(site.issuer, out)
    assert in_file(site, out, reference) == tsl.SUSPENDED
    assert json.loads((out / "index.json").read_bytes()) == {
        "status_lists": [
            "https://issuer.example/status/1",
            "https://issuer.example/status/bitstring/1",
            "https://issuer.example/status/bitstring/2",
        ]
    }
    assert [path.name for path in out.rglob("*.partial")] == []


def test_only_what_changed_is_written_until_an_hour_has_passed(site, out):
    issuance, _ = issue(site)
    assert set(written(site, out).values()) == {True}
    assert set(written(site, out).values()) == {False}
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    assert written(site, out) == {
        "/status/1": True,
        "/status/bitstring/1": False,
        "/status/bitstring/2": False,
    }
    site.pass_time(seconds=RESIGN_SECONDS)
    assert set(written(site, out).values()) == {True}
    assert (out / "1").stat().st_mtime == site.now.timestamp()


def test_a_file_that_is_lost_is_written_again(site, out):
    publish_files(site.issuer, out)
    (out / "1").unlink()
    assert written(site, out)["/status/1"] is True


def test_sta_023_a_withdrawal_shows_within_five_minutes(site, out, tmp_path):
    (tmp_path / "b").mkdir()
    other = Site(tmp_path / "b", {"status_folder": out}, now=site.now)
    timetable = Timetable({})
    work_round(other.issuer, timetable)
    issuance, [reference, *_] = issue(other)
    other.pass_time(seconds=EVERY[PUBLISH] - 1)
    work_round(other.issuer, timetable)
    change_status(other.issuer, issuance=issuance, change=Change.WITHDRAW)
    waited = timedelta()
    while in_file(other, out, reference) == tsl.VALID:
        other.pass_time(seconds=15)  # between two runs of a server
        waited += timedelta(seconds=15)
        work_round(other.issuer, timetable)
    # A shared cache may keep the file for a minute, and a desk what it fetched for the list's ttl.
    default = timedelta(seconds=type(other.settings).model_fields["status_ttl_seconds"].default)
    assert waited + timedelta(seconds=60) + default <= timedelta(minutes=5)


def fill(site):
    """Every place of the lists that there are is given."""
    with site.issuer.store.writing() as tx:
        tx.execute(status_lists.update().values(allocated=SIZE))
    site.issuer.places.kinds.clear()


def restored_without_journal(site):
    """A database from before everything, and no journal."""
    site.issuer.store.close()
    journal_path(site.settings).unlink()
    put_back(site.settings, "kept")
    site.reopen()


def kept(site):
    site.issuer.store.close()
    keep(site.settings, "kept")
    site.reopen()


def test_what_takes_a_withdrawal_back_is_not_published(site, out):
    issuance, [reference, *_] = issue(site)
    kept(site)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    publish_files(site.issuer, out)
    restored_without_journal(site)
    site.pass_time(seconds=RESIGN_SECONDS)
    with pytest.raises(ServiceError) as caught:
        publish_files(site.issuer, out)
    assert caught.value.code == "issuer.list_older"
    assert caught.value.detail == "https://issuer.example/status/1"
    assert in_file(site, out, reference) == tsl.WITHDRAWN
    # The other lists are published all the same.
    assert (out / "bitstring" / "1").stat().st_mtime == site.now.timestamp()
    with pytest.raises(ServiceError):
        publish_files(site.issuer, out)


def test_a_clock_that_went_back_publishes_nothing(site, out):
    publish_files(site.issuer, out)
    site.pass_time(seconds=-60)
    site.reopen()  # as another process
    with pytest.raises(ServiceError) as caught:
        publish_files(site.issuer, out)
    assert caught.value.code == "issuer.list_older"


def test_after_a_restore_without_a_journal_the_published_lists_tell(site, out):
    before, [old, *_] = issue(site)
    kept(site)
    later, [new, *_] = issue(site)
    change_status(site.issuer, issuance=before, change=Change.WITHDRAW)
    change_status(site.issuer, issuance=later, change=Change.SUSPEND)
    publish_files(site.issuer, out)
    restored_without_journal(site)
    done = after_restore(site.issuer, out)
    # A PostgreSQL that was put back has begun its lists anew before anybody says so.
    following = 1 + (GAP + 1) * (2 if site.issuer.store.is_shared else 1)
    assert (done.marks, done.lists, done.next_number) == (4, 3, following)
    site.pass_time(seconds=RESIGN_SECONDS)
    publish_files(site.issuer, out)
    assert in_file(site, out, old) == tsl.WITHDRAWN
    assert in_file(site, out, new) == tsl.SUSPENDED
    assert service.issued(site.issuer)[0].status == tsl.WITHDRAWN
    _, [place, *_] = issue(site)
    assert place.uri.endswith(f"/status/{following}")
    # The number that was passed over is no list.
    assert site.call("GET", f"/status/{following - 1}").status == 410


def test_lists_that_the_database_never_knew_stay_published(site, out):
    kept(site)
    fill(site)
    issuance, [reference, *_] = issue(site)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    publish_files(site.issuer, out)
    assert reference.uri.endswith("/status/2")
    restored_without_journal(site)
    after_restore(site.issuer, out)
    retire(site.issuer)
    answer = site.call("GET", "/status/2")
    assert answer.status == 200
    assert read_token(answer.body).issued_at == int(site.now.timestamp())
    assert len(list(read_token(answer.body).marks())) == 2


def test_a_copy_that_was_withdrawn_alone_leaves_its_issuance_as_it_is(site, out):
    from issuer.store import statuses  # noqa: PLC0415 - one test

    issuance, [one, other] = issue(site)
    kept(site)
    with site.issuer.store.writing() as tx:
        statuses.withdraw_one(tx, 1, one.index)
    publish_files(site.issuer, out)
    restored_without_journal(site)
    after_restore(site.issuer, out)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    site.pass_time(seconds=RESIGN_SECONDS)
    publish_files(site.issuer, out)
    assert in_file(site, out, other) == tsl.WITHDRAWN


def test_after_restore_reads_nothing_where_there_is_nothing(site, out):
    with pytest.raises(ServiceError) as caught:
        after_restore(site.issuer, out)
    assert caught.value.code == "issuer.folder"
    assert after_restore(site.issuer, None).marks == 0


def test_entries_of_expired_records_are_forgotten_and_their_marks_stay(site):
    issuance, [reference, other] = issue(site)
    issue(site)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    with site.issuer.store.writing() as tx:
        mine = issuances.update().where(issuances.c.id == issuance)
        tx.execute(mine.values(expires_at=site.issuer.now() - 31 * 86_400))
    assert retire(site.issuer) == ()
    with site.issuer.store.reading() as tx:
        assert len(tx.execute(select(status_entries)).all()) == 2
    held = read_token(site.call("GET", "/status/1").body)
    assert sorted(held.marks()) == sorted([(reference.index, 1), (other.index, 1)])


def test_a_full_list_ends_when_its_last_record_is_long_over(site, out):
    issue(site)
    fill(site)
    _, [second, *_] = issue(site)
    publish_files(site.issuer, out)
    assert second.uri.endswith("/status/2")
    site.pass_time(days=90 + 31)
    assert retire(site.issuer) == ()  # closed too short a time ago for the longest of records
    site.pass_time(days=365)
    assert retire(site.issuer) == ("https://issuer.example/status/1",)
    assert retire(site.issuer) == ()
    answer = site.call("GET", "/status/1")
    assert (answer.status, answer.json()["code"]) == (410, "issuer.list_retired")
    assert "https://issuer.example/status/1" not in service.list_uris(site.issuer)
    publish_files(site.issuer, out)
    assert not any((out / f"1{ending}").exists() for ending in ("", ".gz", ".cwt"))
    assert (out / "2").exists()
    # Its number is never taken again.
    _, [third, *_] = issue(site)
    assert third.uri.endswith("/status/2")


def test_a_list_ends_sooner_where_records_are_good_for_less(tmp_path):
    days = dict.fromkeys((*issued_types(), CARD), 62)
    site = Site(tmp_path, {"status_list_size": SIZE, "validity_days": days})
    issue(site)
    fill(site)
    issue(site)
    site.pass_time(days=62 + 30)
    assert retire(site.issuer) == ()
    site.pass_time(days=2)
    assert retire(site.issuer) == ("https://issuer.example/status/1",)


def test_a_list_stays_for_a_record_from_before_validity_was_made_shorter(site):
    issue(site)
    fill(site)
    issue(site)
    days = dict.fromkeys((*issued_types(), CARD), 10)
    changed = site.settings.model_copy(update={"validity_days": days})
    object.__setattr__(site.issuer, "settings", changed)
    site.pass_time(days=10 + 32)
    assert retire(site.issuer) == ()
    site.pass_time(days=80)
    assert retire(site.issuer) == ("https://issuer.example/status/1",)


def test_few_records_in_a_list_are_said_to_single_people_out(site):
    assert not any(one.is_small for one in list_reports(site.issuer))
    issuance, _ = issue(site)
    change_status(site.issuer, issuance=issuance, change=Change.SUSPEND)
    report = list_reports(site.issuer)[0]
    assert (report.given, report.standing, report.marked) == (2, 2, 2)
    assert report.is_small
    assert small_lists(site.issuer.store, now=site.issuer.now()) == ((1, 2),)
    assert small_lists(site.issuer.store, now=site.issuer.now() + 400 * 86_400) == ()
    assert not report.closed


def test_a_list_is_served_as_a_cwt_to_who_asks_for_one(site):
    issuance, [reference, *_] = issue(site)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    answer = site.call("GET", "/status/1", headers={"accept": cwt.MEDIA_TYPE})
    assert answer.headers["content-type"] == cwt.MEDIA_TYPE
    keys = [site.issuer.signer.public_key]
    held = cwt.read(answer.body, expected_uri=reference.uri, keys=keys, now=site.now)
    assert held.get(reference.index) == tsl.WITHDRAWN
    both = {"accept": f"{tsl.MEDIA_TYPE}, {cwt.MEDIA_TYPE}"}
    assert site.call("GET", "/status/1", headers=both).headers["content-type"] == tsl.MEDIA_TYPE


def test_a_list_is_sent_in_gzip_to_who_accepts_it(site):
    plain = site.call("GET", "/status/1")
    packed = site.call("GET", "/status/1", headers={"accept-encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    tag = {"if-none-match": packed.headers["etag"], "accept-encoding": "gzip"}
    assert site.call("GET", "/status/1", headers=tag).status == 304


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a.b",
        b"a.b.c",
        b"\xff.\xff.\xff",
        b"a.e30.c",
        b"a.eyJpYXQiOiAxfQ.c",
        b"{}",
        b"[",
        b"{",
    ],
)
def test_what_is_no_published_list_is_not_read(data):
    assert read_token(data) is None
    assert read_bitstring(data) is None


@pytest.mark.parametrize(
    ("before", "after", "forgets"),
    [
        (0b01, 0b01, False),
        (0b01, 0b00, True),
        (0b01, 0b10, True),
        (0b11, 0b00, True),
        (0b11, 0b01, False),
        (0b10, 0b00, False),
        (0b10, 0b01, False),
        (0b00, 0b01, False),
    ],
)
def test_sta_023_only_what_is_over_for_good_must_stay_so(before, after, forgets):
    old, new = (Held(1, 2, bytes([0, status << 4])) for status in (before, after))
    assert new.forgets(old) is forgets
    assert Held(1, 2, b"\0").forgets(old)


def test_a_suspension_list_may_take_back():
    assert not Held(1, 1, b"\0", "suspension").forgets(Held(1, 1, b"\1", "suspension"))
    assert Held(1, 1, b"\0", "revocation").forgets(Held(1, 1, b"\1", "revocation"))
    assert list(Held(1, 1, b"\0\x81", "revocation").marks()) == [(8, 1), (15, 1)]
    assert list(Held(1, 2, b"\0\x81").marks()) == [(4, 1), (7, 2)]
