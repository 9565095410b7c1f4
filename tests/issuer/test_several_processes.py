"""Two issuers over one database stand for two processes: what is once, is once over both.

Real processes run in ``test_issuer_processes``; here every promise is tried alone.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from simulated_issuer import Site, Wallet, refused

from healthpassport.errors import PassportError, ServiceError, SettingsError
from issuer import service
from issuer.service import Change, change_status, nonces
from issuer.service.places import reserving
from issuer.settings import SD_JWT_VC
from issuer.store import bitstrings, issuances, open_store, spent, statuses
from issuer.store.again import ContentionError, tried_again
from issuer.store.locking import Turn, take_turn
from issuer.store.tables import spent as spent_table
from issuer.store.tables import status_entries, status_lists


@pytest.fixture
def pair(tmp_path, postgresql):
    """Two processes of one issuer, as far as their objects go."""
    one = Site(tmp_path, {"database": None, "database_url": postgresql.issuer_database()})
    other = Site.__new__(Site)
    other.folder, other.changes, other.now = one.folder, one.changes, one.now
    other.settings, other.api_key = one.settings, one.api_key
    other.reopen()
    yield one, other
    for site in (one, other):
        site.issuer.store.close()


def at_once(*calls):
    """The answers of ``calls``, begun at the same moment on threads of their own."""
    start = threading.Barrier(len(calls))

    def run(call):
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def raw(url, *statements):
    """Run ``statements`` as the database's operator."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def at(site, wallet):
    """``wallet`` as if its requests went to ``site``."""
    moved = Wallet.__new__(Wallet)
    moved.__dict__ = wallet.__dict__ | {"site": site}
    return moved


def test_of_many_who_have_code_and_pin_one_gets_the_records(pair):
    made = pair[0].offer()
    wallets = [Wallet(pair[number % 2], made) for number in range(6)]
    answers = at_once(*(wallet.ask_token for wallet in wallets))
    assert sorted(answer.status for answer in answers) == [200, *[400] * 5]


def test_guesses_at_both_count_together_and_the_fifth_burns_the_offer(pair):
    made = pair[0].offer()
    wrong = str((int(made.pin) + 1) % 10**6).zfill(6)
    guesses = [Wallet(pair[number % 2], made) for number in range(5)]
    for answer in at_once(*(lambda w=w: w.ask_token(wrong) for w in guesses)):
        refused(answer, "invalid_grant")
    with pair[1].issuer.store.reading() as tx:
        assert tx.execute(sa.text("SELECT state, tries FROM offers")).one() == ("burned", 5)
    refused(Wallet(pair[1], made).ask_token(), "invalid_grant")


def test_a_proof_of_a_key_is_taken_once_over_both(pair):
    made = pair[0].offer()
    wallet = Wallet(pair[0], made)
    headers = {"dpop": wallet.dpop("/token", access_token=None)}
    answers = at_once(*(lambda s=s: at(s, wallet).ask_token(headers=headers) for s in pair))
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert {a.json()["error"] for a in answers if a.status == 400} <= {
        "invalid_dpop_proof",
        "invalid_grant",
    }
    with pair[0].issuer.store.reading() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(spent_table)).scalar() == 1


def test_a_nonce_of_one_is_good_once_at_either(pair):
    nonce = nonces.new_nonce(pair[0].issuer)

    def use(site):
        try:
            with site.issuer.store.writing() as tx:
                nonces.spend(site.issuer, tx, nonce)
        except PassportError as error:
            return error.code
        return "taken"

    assert sorted(at_once(*(lambda s=s: use(s) for s in (*pair, *pair)))) == [
        *["oid4vci.invalid_nonce"] * 3,
        "taken",
    ]


def test_a_record_is_issued_once_and_the_lost_answer_comes_again_from_the_other(pair):
    one, other = pair
    wallet = Wallet(one, one.offer())
    wallet.ask_token()
    nonce = wallet.nonce()
    proofs = [wallet.proof(nonce) for _ in range(2)]
    calls = [lambda s=s: at(s, wallet).ask_credential(proofs=proofs) for s in (one, other)]
    answers = at_once(*calls)
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len(service.issued(other.issuer)) == 1


def test_entries_drawn_at_both_at_once_are_never_the_same(pair):
    each = 6

    def take(site, number):
        with (
            reserving(site.issuer, SD_JWT_VC, copies=each) as places,
            site.issuer.store.writing() as tx,
        ):
            return places.give(tx, f"i{number}", copies=each)[0]

    one = pair[0]
    wallet = Wallet(one, one.offer(wanted=["AllergySummary"]))
    wallet.ask_token()
    wallet.ask_credential()
    (known,) = service.issued(one.issuer)
    with one.issuer.store.writing() as tx:
        tx.execute(sa.update(status_lists).values(size=8, allocated=8))  # full
        for number in range(8):
            issuances.add(
                tx,
                replace(
                    known, id=f"i{number}", record_type=f"t{number}", notification_hash=f"{number}"
                ),
            )
    calls = [lambda n=n: tried_again(take)(pair[n % 2], n) for n in range(8)]
    given = [place for places in at_once(*calls) for place in places]
    assert len(given) == len(set(given)) == 8 * each
    with one.issuer.store.reading() as tx:
        for state in statuses.lists(tx)[1:]:
            mine = status_entries.c.list == state.number
            count = tx.execute(sa.select(sa.func.count()).where(mine)).scalar()
            assert count <= state.allocated <= state.size


def test_first_lists_and_secrets_are_made_once_by_those_who_start_together(tmp_path, postgresql):
    site = Site(tmp_path)
    url = postgresql.empty_database()
    settings = site.settings.model_copy(
        update={
            "database_url": type(site.settings.database_url)(url),
            "status_journal": tmp_path / "of-the-new-one.jsonl",
        }
    )
    made = at_once(
        *(
            lambda: service.open_issuer(settings, clock=lambda: site.now, random=site.issuer.random)
            for _ in range(3)
        )
    )
    assert len({issuer.nonce_key for issuer in made}) == 1
    with made[0].store.reading() as tx:
        assert [state.number for state in statuses.lists(tx)] == [1]
        assert sorted(one.number for one in bitstrings.lists(tx)) == [1, 2]
    for issuer in made:
        issuer.store.close()
    raw(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ServiceError) as caught:
        open_store(None, url=url)
    assert caught.value.code == "issuer.database"


def test_the_sweep_is_of_one_at_a_time_and_what_is_in_use_is_left_for_later(pair):
    one, other = pair
    one.offer()
    for site in pair:
        site.pass_time(minutes=6)
    with one.issuer.store.writing() as tx:
        assert take_turn(tx, Turn.SWEEPING, wait=False)
        assert service.sweep(other.issuer) == 0
    assert sorted(at_once(*(lambda s=s: service.sweep(s.issuer) for s in pair))) == [0, 1]


def test_a_withdrawal_at_one_shows_at_the_next_look_at_the_other(pair):
    one, other = pair
    wallet = Wallet(one, one.offer(wanted=["AllergySummary"]))
    wallet.ask_token()
    wallet.ask_credential()
    (known,) = service.issued(other.issuer)
    before = [service.published_list(site.issuer, 1).version for site in pair]
    change_status(other.issuer, issuance=known.id, change=Change.WITHDRAW)
    after = [service.published_list(site.issuer, 1) for site in pair]
    assert [held.version for held in after] == [version + 1 for version in before]


def test_what_postgresql_ends_for_a_deadlock_is_tried_again(pair):
    stores = [site.issuer.store for site in pair]
    with stores[0].writing() as tx:
        spent.spend(tx, "a", 1)
        spent.spend(tx, "b", 1)
    both, tries = threading.Barrier(2), []

    @tried_again
    def cross(store, first, second):
        tries.append(first)
        with store.writing() as tx:
            for name in (first, second):
                where = spent_table.c.value_hash == name
                tx.execute(sa.update(spent_table).where(where).values(expires_at=2))
                if len(tries) <= 2 and name == first:
                    both.wait()
        return True

    assert at_once(lambda: cross(stores[0], "a", "b"), lambda: cross(stores[1], "b", "a")) == [
        True,
        True,
    ]
    assert len(tries) >= 3  # on a slow machine the two may meet once more


def test_contention_that_does_not_end_is_told_after_a_bounded_number_of_tries(monkeypatch):
    monkeypatch.setattr("issuer.store.again.PAUSES", (0.0, 0.0))
    tries = []

    @tried_again
    def never():
        tries.append(1)
        raise ContentionError("issuer.unavailable")

    with pytest.raises(ServiceError) as caught:
        never()
    assert (caught.value.code, len(tries)) == ("issuer.unavailable", 3)


def test_connections_that_are_ended_and_a_database_that_only_reads_are_told_and_healed(pair):
    one, other = pair
    headers = {"authorization": f"Bearer {one.api_key}"}
    assert one.call("GET", "/readyz").status == 200
    kill = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    with other.issuer.store.writing() as tx:
        tx.execute(kill)
    answer = one.call("GET", "/issuances", headers=headers)
    assert answer.status == 503
    assert answer.json()["code"] == "issuer.unavailable"
    assert one.call("GET", "/issuances", headers=headers).status == 200

    url = one.settings.database_url.get_secret_value()
    name = one.issuer.store.engine.url.database
    # As a standby that was connected to by mistake.
    raw(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    one.issuer.store.engine.dispose()
    try:
        with pytest.raises(ServiceError) as caught:
            one.offer()
        assert caught.value.code == "issuer.unavailable"
        assert one.call("GET", "/issuances", headers=headers).status == 200
    finally:
        raw(
            url,
            "SET default_transaction_read_only = off",
            f"ALTER DATABASE {name} RESET default_transaction_read_only",
        )
        one.issuer.store.engine.dispose()
    assert one.offer().pin


@pytest.mark.parametrize("url", ["postgresql+nothing://x/y", "mysql://x/y", "sqlite:///x", "words"])
def test_an_address_of_another_kind_is_refused(url):
    with pytest.raises(SettingsError) as caught:
        open_store(None, url=url)
    assert caught.value.code == "issuer.settings"


def test_neither_a_file_nor_an_address_is_refused():
    with pytest.raises(SettingsError) as caught:
        open_store(None)
    assert caught.value.code == "issuer.settings"


def test_a_database_that_is_away_is_told_without_its_password():
    with pytest.raises(ServiceError) as caught:
        open_store(None, url="postgresql://issuer:hunter2@/none?host=/nowhere")
    assert caught.value.code == "issuer.database"
    assert "hunter2" not in str(caught.value.problem())


def test_the_password_of_the_address_is_not_shown_with_the_settings(pair):
    assert "postgresql" not in repr(pair[0].settings)
