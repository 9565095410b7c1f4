"""After claim or expiry no clinical value is left in the database: its files are searched."""

import json

import pytest
from simulated_issuer import Wallet, summary

from healthpassport.summary import to_payload
from issuer import service


@pytest.fixture
def site(make_site):
    return make_site()


def words(value):
    """Every text inside ``value`` that is long enough not to occur by chance."""
    if isinstance(value, dict):
        return {w for entry in value.values() for w in words(entry)}
    if isinstance(value, list):
        return {w for entry in value for w in words(entry)}
    return {value} if isinstance(value, str) and len(value) >= 6 else set()


# What the issuer says of itself stands in its database by right.
OWN = {"Example Surgery", "A12345", "PatientIdentity", "AllergySummary"}


def clinical_values():
    found = {w for record in summary().records for w in words(to_payload(record))}
    assert {"9990000018", "Zephyrine", "Penicillin V", "1958-07-14"} <= found
    return found - OWN


def found_in(data: bytes):
    return {value for value in clinical_values() if value.encode() in data}


def test_the_search_would_find_a_value_in_a_plain_database(tmp_path):
    path = tmp_path / "plain"
    path.write_bytes(json.dumps(to_payload(summary().records[1])).encode())
    assert "Penicillin V" in found_in(path.read_bytes())


def test_not_even_a_waiting_offer_holds_a_readable_value(site):
    site.offer()
    assert found_in(site.files()) == set()


def test_nothing_is_left_after_the_records_were_collected(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    assert wallet.ask_credential("PatientIdentity").status == 200
    answer = wallet.ask_credential("AllergySummary")
    assert answer.status == 200
    assert found_in(site.files()) == set()
    # Nor is the signed record there, in which the values are encoded.
    for entry in answer.json()["credentials"]:
        for part in entry["credential"].split("~"):
            assert part.encode() not in site.files() or not part
    with site.issuer.store.reading() as tx:
        from issuer.store import offers  # noqa: PLC0415

        assert offers.sealed_records(tx, wallet.made.id) == {}


def test_nothing_is_left_after_an_offer_expired(site):
    made = site.offer()
    site.pass_time(minutes=6)
    assert service.sweep(site.issuer) == 1
    assert service.sweep(site.issuer) == 0
    assert found_in(site.files()) == set()
    with site.issuer.store.reading() as tx:
        from issuer.store import offers  # noqa: PLC0415

        assert offers.sealed_records(tx, made.id) == {}


def test_nothing_is_left_after_an_offer_burned(site):
    wallet = Wallet(site, site.offer())
    for _ in range(5):
        wallet.ask_token("1234567")
    with site.issuer.store.reading() as tx:
        from issuer.store import offers  # noqa: PLC0415

        assert offers.sealed_records(tx, wallet.made.id) == {}


def test_what_was_sealed_is_overwritten_and_the_log_is_empty(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    with site.issuer.store.reading() as tx:
        from issuer.store import offers  # noqa: PLC0415

        sealed = offers.sealed_records(tx, wallet.made.id)
    site.issuer.store.wipe()
    assert sealed["AllergySummary"] in site.files()
    wallet.ask_credential("PatientIdentity")
    wallet.ask_credential("AllergySummary")
    assert not any(value in site.files() for value in sealed.values())
    if not site.issuer.store.is_shared:
        assert (site.folder / "issuer.sqlite-wal").stat().st_size == 0


def test_the_answer_kept_for_a_lost_response_goes_with_the_notification(site):
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    wallet.ask_token()
    told = wallet.ask_credential().json()["notification_id"]
    assert kept_answers(site) == 1
    wallet.post("/notification", {"notification_id": told, "event": "credential_accepted"})
    assert kept_answers(site) == 0


def test_the_answer_kept_for_a_lost_response_goes_with_the_token(site):
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    wallet.ask_token()
    wallet.ask_credential()
    site.pass_time(minutes=11)
    service.sweep(site.issuer)
    assert kept_answers(site) == 0


def kept_answers(site):
    from sqlalchemy import func, select  # noqa: PLC0415

    from issuer.store.tables import answers  # noqa: PLC0415

    with site.issuer.store.reading() as tx:
        return tx.execute(select(func.count()).select_from(answers)).scalar()


BOTH = {"formats": ("dc+sd-jwt", "ldp_vc")}


@pytest.fixture
def both(make_site):
    """A site that offers every record in both families of formats."""
    return make_site(changes=BOTH)


def sealed_records(site, made):
    from issuer.store import offers  # noqa: PLC0415

    with site.issuer.store.reading() as tx:
        return offers.sealed_records(tx, made.id)


def test_nothing_is_left_of_records_that_were_collected_in_both_formats(both):
    wallet = Wallet(both, both.offer())
    wallet.ask_token()
    names = [
        f"{name}{form}"
        for form in ("", ".ldp_vc")
        for name in ("PatientIdentity", "AllergySummary")
    ]
    answers = [wallet.ask_credential(name) for name in names]
    assert [answer.status for answer in answers] == [200] * 4
    assert sealed_records(both, wallet.made) == {}
    left = both.files()
    assert found_in(left) == set()
    # Neither is the signed record, nor what proves it, nor whom it is bound to.
    for entry in answers[-1].json()["credentials"]:
        credential = entry["credential"]
        assert credential["proof"]["proofValue"].encode() not in left
        assert credential["proof"]["proofValue"][200:264].encode() not in left
        assert credential["credentialSubject"]["id"].encode() not in left


def test_what_was_not_collected_in_the_other_format_goes_with_the_offer(both):
    wallet = Wallet(both, both.offer(wanted=["AllergySummary"]))
    wallet.ask_token()
    assert wallet.ask_credential("AllergySummary.ldp_vc").status == 200
    assert set(sealed_records(both, wallet.made)) == {"AllergySummary"}
    assert found_in(both.files()) == set()
    kept = sealed_records(both, wallet.made)["AllergySummary"]
    both.pass_time(minutes=11)
    service.sweep(both.issuer)
    assert sealed_records(both, wallet.made) == {}
    assert kept not in both.files()
    assert kept_answers(both) == 0
