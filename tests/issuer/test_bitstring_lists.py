"""Bitstring lists of an issuer: entries given, changed, and what the world sees of it."""

import json

import pytest
from alembic import command
from alembic.config import Config
from simulated_issuer import Site, Wallet
from sqlalchemy import create_engine, text

from healthpassport.canonical import bundled
from healthpassport.dids import resolve
from healthpassport.errors import DidError, PassportError, ServiceError
from healthpassport.formats.data_integrity import DEFAULT_ALLOWED, verify_credential
from healthpassport.formats.vcdm import check_credential
from healthpassport.status.bitstring import BitstringEntry, read_entry, read_list
from issuer import service
from issuer.service import Change, change_status
from issuer.service.bitstrings import entries_at, published_bitstring
from issuer.service.places import reserving
from issuer.settings import LDP_VC
from issuer.store import bitstrings, open_store
from issuer.store.migrating import MIGRATIONS
from issuer.store.places import bitstring_kind, ensure_open
from issuer.store.tables import bitstring_entries, bitstring_lists

REVOCATION = "https://issuer.example/status/bitstring/1"
SUSPENSION = "https://issuer.example/status/bitstring/2"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def issue(site, copies=3):
    """An issuance and, for each of its copies, the entries of a record in a W3C format."""
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential(copies=copies).status == 200
    [issuance] = service.issued(site.issuer, offer=wallet.made.id)
    return issuance.id, allocate(site, issuance.id, copies)


def allocate(site, issuance, copies):
    with (
        reserving(site.issuer, LDP_VC, copies=copies) as places,
        site.issuer.store.writing() as tx,
    ):
        return entries_at(site.issuer, places.give(tx, issuance, copies=copies))


def verified(site, body: bytes):
    """The list in a credential whose proof leads to the issuer's published key."""
    document = json.loads(body)
    published = site.call("GET", "/.well-known/did.json").json()

    def found(url):
        return resolve(url, documents={published["id"]: published})

    verify_credential(
        document, resolve=found, allowed=DEFAULT_ALLOWED, now=site.now, contexts=bundled()
    )
    checked = check_credential(document, now=site.now)
    assert checked.issuer == published["id"]
    [subject] = checked.subjects
    return read_list(subject)


def asked(site, uri):
    answer = site.call("GET", uri.removeprefix(site.settings.iss))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/vc"
    assert answer.json()["id"] == uri
    return verified(site, answer.body)


def bits(site, entries):
    """What the lists say of each entry: the revocation bits, then the suspension bits."""
    pairs = [[read_entry(entry.claim()) for entry in pair] for pair in entries]
    return tuple(
        [asked(site, entry.uri).get(entry) for entry in column]
        for column in zip(*pairs, strict=True)
    )


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA"])
def test_the_lists_answer_before_anything_was_issued(tmp_path, algorithm):
    site = Site(tmp_path, {"algorithm": algorithm})
    assert asked(site, REVOCATION).purposes == ("revocation",)
    held = asked(site, SUSPENSION)
    assert held.purposes == ("suspension",)
    assert held.data == bytes(131_072)
    subject = site.call("GET", "/status/bitstring/1").json()["credentialSubject"]
    assert subject["ttl"] == 300_000
    assert site.call("GET", "/status/bitstring").json() == {
        "status_lists": [REVOCATION, SUSPENSION]
    }
    assert site.call("GET", "/status").json()["status_lists"] == ["https://issuer.example/status/1"]


def test_every_copy_has_a_place_of_its_own_in_each_list(site):
    _, entries = issue(site)
    assert len(entries) == 3
    places = [(entry.uri, entry.index) for pair in entries for entry in pair]
    assert len(set(places)) == 6
    assert [entry.purpose for entry in entries[0]] == ["revocation", "suspension"]
    assert {entry.uri for pair in entries for entry in pair} == {REVOCATION, SUSPENSION}
    # Drawn apart from each other: equal places would let a watcher join the two lists.
    assert [pair[0].index for pair in entries] != [pair[1].index for pair in entries]
    with site.issuer.store.reading() as tx:
        given = tx.execute(text("select idx from status_entries")).scalars().all()
    assert set(given).isdisjoint({index for _, index in places})


@pytest.mark.parametrize(
    ("changes", "revoked", "suspended"),
    [
        ([], 0, 0),
        ([Change.WITHDRAW], 1, 0),
        ([Change.REPLACE], 1, 0),
        ([Change.SUSPEND], 0, 1),
        ([Change.SUSPEND, Change.REINSTATE], 0, 0),
        ([Change.REPLACE, Change.WITHDRAW], 1, 0),
        # The suspension list is left alone, so that nobody sees what was suspended before.
        ([Change.SUSPEND, Change.WITHDRAW], 1, 1),
        ([Change.SUSPEND, Change.REPLACE], 1, 1),
    ],
)
def test_a_change_is_seen_in_every_copy_s_entries(site, changes, revoked, suspended):
    issuance, entries = issue(site)
    _, others = issue(site)
    for change in changes:
        change_status(site.issuer, issuance=issuance, change=change)
    assert bits(site, entries) == ([revoked] * 3, [suspended] * 3)
    assert bits(site, others) == ([0] * 3, [0] * 3)


def test_a_withdrawal_changes_one_list_and_leaves_the_other_word_for_word(site):
    issuance, _ = issue(site)
    change_status(site.issuer, issuance=issuance, change=Change.SUSPEND)
    before = site.call("GET", "/status/bitstring/2")
    first = site.call("GET", "/status/bitstring/1")
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    assert site.call("GET", "/status/bitstring/2").body == before.body
    assert site.call("GET", "/status/bitstring/1").body != first.body


def test_a_withdrawal_by_another_process_shows_at_once(site):
    issuance, entries = issue(site)
    assert bits(site, entries)[0] == [0] * 3
    other = service.open_issuer(site.settings, clock=lambda: site.now, random=bytes)
    change_status(other, issuance=issuance, change=Change.WITHDRAW)
    other.store.close()
    assert bits(site, entries)[0] == [1] * 3


def test_sta_023_no_change_undoes_a_withdrawal_in_the_bitstring(site):
    issuance, entries = issue(site)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    for change in (Change.REINSTATE, Change.SUSPEND, Change.REPLACE):
        with pytest.raises(ServiceError) as refused:
            change_status(site.issuer, issuance=issuance, change=change)
        assert refused.value.code == "issuer.withdrawn"
    assert bits(site, entries) == ([1] * 3, [0] * 3)


def test_what_another_transaction_gave_up_leaves_no_entry(site):
    issuance, _ = issue(site)

    def give_up():
        with (
            reserving(site.issuer, LDP_VC, copies=2) as places,
            site.issuer.store.writing() as tx,
        ):
            places.give(tx, issuance, copies=2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    with site.issuer.store.reading() as tx:
        assert len(tx.execute(bitstring_entries.select()).all()) == 6


def test_a_full_list_is_followed_by_one_for_the_same_purpose(site):
    with site.issuer.store.writing() as tx:
        full = bitstring_lists.update().where(bitstring_lists.c.number == 1)
        tx.execute(full.values(allocated=2**20))
    issuance, entries = issue(site)
    third = "https://issuer.example/status/bitstring/3"
    assert {pair[0].uri for pair in entries} == {third}
    assert {pair[1].uri for pair in entries} == {SUSPENSION}
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    assert asked(site, third).purposes == ("revocation",)
    assert bits(site, entries) == ([1] * 3, [0] * 3)


def test_a_bitstring_list_is_signed_anew_only_when_it_changed_or_grew_old(site):
    first = site.call("GET", "/status/bitstring/1")
    tag = {"if-none-match": first.headers["etag"]}
    again = site.call("GET", "/status/bitstring/1", headers=tag)
    assert (again.status, again.body) == (304, b"")
    site.pass_time(seconds=151)
    later = site.call("GET", "/status/bitstring/1", headers=tag)
    assert later.status == 200
    assert later.headers["etag"] != first.headers["etag"]
    assert later.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize("number", ["0", "3", "-1", "x", "1.0", "99999999999", "\u0661", "1/2"])
def test_a_bitstring_list_that_is_not_there_is_not_found(site, number):
    answer = site.call("GET", f"/status/bitstring/{number}")
    assert (answer.status, answer.json()["code"]) == (404, "not_found")


def test_an_issuer_without_a_did_publishes_no_bitstring_list(tmp_path):
    site = Site(tmp_path, {"iss": "https://192.0.2.1"})
    assert site.call("GET", "/status/bitstring/1").status == 404
    assert site.call("GET", "/status/1").status == 200


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda d: d["credentialSubject"].update(statusPurpose="suspension"), "di.signature"),
        (lambda d: d["credentialSubject"].update(encodedList="uH4sI"), "di.signature"),
        (lambda d: d.update(validUntil="2036-11-01T12:00:00Z"), "di.signature"),
        (lambda d: d.update(issuer="did:web:other.example"), None),
        (lambda d: d["proof"].update(proofPurpose="authentication"), "PROOF_VERIFICATION_ERROR"),
        (lambda d: d["proof"].update(verificationMethod="#key"), "did.url"),
        (lambda d: d.pop("proof"), "PROOF_VERIFICATION_ERROR"),
    ],
)
def test_a_bitstring_list_that_was_altered_is_refused(site, alter, code):
    document = site.call("GET", "/status/bitstring/1").json()
    alter(document)
    with pytest.raises(PassportError) as caught:
        verified(site, json.dumps(document).encode())
    assert code in {None, caught.value.code}


def test_a_key_that_the_issuer_no_longer_publishes_signs_no_list(site, tmp_path):
    body = site.call("GET", "/status/bitstring/1").body
    (tmp_path / "later").mkdir()
    later = Site(tmp_path / "later")
    with pytest.raises(DidError) as caught:
        verified(later, body)
    assert caught.value.code == "did.url"


def test_another_way_of_securing_can_be_handed_in(site):
    held = published_bitstring(site.issuer, 1, secure=lambda _, d: {**d, "proof": {"type": "X"}})
    assert json.loads(held.text)["proof"] == {"type": "X"}


def test_a_database_of_the_first_version_is_brought_up_to_date(tmp_path):
    path = tmp_path / "issuer.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("insert into status_lists values (1, 131072, 7, 3, 5)"))
    engine.dispose()
    store = open_store(path)
    with store.writing() as tx:
        assert tx.execute(text("select allocated from status_lists")).scalar() == 7
        # Its lists stay, and nothing is added to them: their places were drawn, not counted.
        assert tx.execute(text("select closed_at, seed from status_lists")).one() == (5, None)
        kind = bitstring_kind("revocation")
        ensure_open(tx, kind, list_size=131_072, now=1, random=bytes)
        assert [entry.number for entry in bitstrings.lists(tx)] == [1]
    store.close()


def test_an_entry_holds_nothing_of_the_issuance(site):
    issuance, entries = issue(site)
    for pair in entries:
        for entry in pair:
            assert isinstance(entry, BitstringEntry)
            assert issuance not in json.dumps(entry.claim())
