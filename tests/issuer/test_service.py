"""The service below HTTP: opening, sealing, keys of API clients."""

import secrets

import pytest
from databases import on_sqlite
from simulated_issuer import NOW, made_settings, summary

from healthpassport.errors import PassportError, ServiceError, SettingsError, SourceError
from healthpassport.keys import generate_signer, save_signer
from healthpassport.summary import PatientSummary
from issuer import service
from issuer.api.limits import MAX_ADDRESSES, RateLimit
from issuer.service.clients import Role, add_client, authorise, read_clients
from issuer.service.sealing import mac, seal, unseal
from issuer.store import open_store


def opening(settings):
    return service.open_issuer(settings, clock=lambda: NOW, random=secrets.token_bytes)


def refused(code, settings):
    with pytest.raises(PassportError) as caught:
        opening(settings)
    assert caught.value.code == code


def test_a_key_that_is_not_the_certificates_is_refused(tmp_path):
    settings, _ = made_settings(tmp_path)
    uri = save_signer(generate_signer(), tmp_path / "other.pem")
    refused("issuer.key_mismatch", settings.model_copy(update={"key": uri}))


def test_a_chain_that_cannot_be_read_is_refused(tmp_path):
    settings, _ = made_settings(tmp_path)
    settings.x5c.write_text("nothing")
    refused("issuer.certificate", settings)
    settings.x5c.unlink()
    refused("issuer.certificate", settings)


def test_a_key_with_a_passphrase_is_opened_with_its_file(tmp_path):
    settings, _ = made_settings(tmp_path)
    from healthpassport.keys import load_signer  # noqa: PLC0415

    uri = save_signer(load_signer(settings.key), tmp_path / "locked.pem", b"correct horse")
    words = tmp_path / "passphrase"
    words.write_text("correct horse\nsecond line\n")
    locked = settings.model_copy(update={"key": uri, "key_passphrase_file": words})
    opening(locked).store.close()
    words.write_text("wrong\n")
    refused("key.unreadable", locked)
    words.unlink()
    refused("issuer.settings", locked)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    settings, _ = made_settings(tmp_path, **on_sqlite(tmp_path))
    settings.database.write_bytes(b"not a database at all, by far" * 100)
    refused("issuer.database", settings)


def test_a_database_is_read_by_its_owner_alone(tmp_path):
    settings, _ = made_settings(tmp_path, **on_sqlite(tmp_path))
    issuer = opening(settings)
    assert settings.database.stat().st_mode & 0o077 == 0
    assert issuer.store.sound()
    issuer.store.close()


def test_opening_again_changes_nothing(tmp_path):
    settings, _ = made_settings(tmp_path)
    first = opening(settings)
    second = opening(settings)
    assert first.nonce_key == second.nonce_key
    assert service.list_uris(second) == ("https://issuer.example/status/1",)
    first.store.close()
    second.store.close()


def test_a_database_that_another_holds_is_told_in_words(tmp_path):
    store = open_store(tmp_path / "issuer.sqlite")
    from sqlalchemy import text  # noqa: PLC0415

    with pytest.raises(ServiceError) as caught, store.writing() as tx:
        tx.execute(text("SELECT * FROM nothing_here"))
    assert caught.value.code == "issuer.unavailable"
    store.close()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (["Nothing"], "offer.record_type"),
        (["AllergySummary", "AllergySummary"], "offer.record_type"),
        (["ProblemSummary"], "offer.nothing"),
        (["AllergySummary", "ProblemSummary"], "offer.nothing"),
    ],
)
def test_an_offer_of_what_is_not_there_is_refused(tmp_path, wanted, code):
    settings, _ = made_settings(tmp_path)
    issuer = opening(settings)
    with pytest.raises(SourceError) as caught:
        service.offer_summary(issuer, client="practice", summary=summary(), wanted=wanted)
    assert caught.value.code == code
    issuer.store.close()


def test_an_offer_of_nothing_is_refused(tmp_path):
    settings, _ = made_settings(tmp_path)
    issuer = opening(settings)
    with pytest.raises(SourceError) as caught:
        service.offer_summary(issuer, client="practice", summary=PatientSummary(()))
    assert caught.value.code == "offer.nothing"
    issuer.store.close()


def test_what_was_sealed_opens_with_its_secret_and_purpose_alone():
    sealed = seal(b'{"a":1}', secret="s", purpose="p", random=secrets.token_bytes)
    assert unseal(sealed, secret="s", purpose="p") == b'{"a":1}'
    assert len(sealed) == 12 + 1024 + 16
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for value, secret, purpose in [(sealed, "t", "p"), (sealed, "s", "q"), (broken, "s", "p")]:
        with pytest.raises(ServiceError) as caught:
            unseal(value, secret=secret, purpose=purpose)
        assert caught.value.code == "issuer.database"


def test_the_same_pin_looks_different_in_every_offer():
    assert mac("one", "123456") != mac("two", "123456")


def test_api_keys_are_kept_as_hashes_and_read_again(tmp_path):
    path = tmp_path / "keys.json"
    one = add_client(path, name="one", random=secrets.token_bytes)
    two = add_client(path, name="two", random=secrets.token_bytes, roles=(Role.STATUS,))
    assert one.key not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    clients = read_clients(path)
    assert authorise(clients, one.key, Role.OFFER).name == "one"
    assert authorise(clients, two.key, Role.STATUS).name == "two"
    for key, role, code in [
        (two.key, Role.OFFER, "forbidden"),
        ("", Role.OFFER, "http.unauthorized"),
        (one.key[:-1], Role.OFFER, "http.unauthorized"),
    ]:
        with pytest.raises(ServiceError) as caught:
            authorise(clients, key, role)
        assert caught.value.code == code
    with pytest.raises(ServiceError) as caught:
        add_client(path, name="one", random=secrets.token_bytes)
    assert caught.value.code == "issuer.key_name"
    with pytest.raises(SettingsError):
        add_client(path, name="Not A Name", random=secrets.token_bytes)
    with pytest.raises(SettingsError):
        add_client(tmp_path / "none" / "keys.json", name="x", random=secrets.token_bytes)


def test_a_name_under_which_the_issuer_itself_makes_offers_is_nobodys(tmp_path):
    for name in ("command-line", "patient-sign-in"):
        with pytest.raises(ServiceError) as caught:
            add_client(tmp_path / "keys.json", name=name, random=secrets.token_bytes)
        assert caught.value.code == "issuer.key_name"


@pytest.mark.parametrize("text", ["", "[]", '{"keys":[{}]}', '{"version":2,"keys":[]}'])
def test_a_malformed_file_of_keys_is_refused(tmp_path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_clients(path)
    assert caught.value.code == "issuer.api_keys"


def test_a_rate_limit_forgets_the_longest_silent_address():
    limit = RateLimit(1.0, 1)
    for number in range(MAX_ADDRESSES + 5):
        limit.take(str(number), NOW)
    with pytest.raises(ServiceError):
        limit.take(str(MAX_ADDRESSES + 4), NOW)
    limit.take("0", NOW)
