"""API keys: made once, kept as digests, each in a role, ended by a day or taken out at once."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from asgi_calls import call
from desk_world import full_wallet, handle_of, make_desk

from healthpassport.errors import ServiceError, SettingsError
from verifier.api import create_app
from verifier.service import ApiKey, ApiKeys, digest_of
from verifier.service.key_file import add_key, read_keys, remove_key
from verifier.service.staff import Role

TODAY = date(2026, 11, 25)


class Uses:
    """What the store keeps, without a database."""

    def __init__(self, *, broken=False):
        self.noted, self.broken = [], broken

    def note(self, name, day):
        if self.broken:
            raise ServiceError("verifier.key_use")
        self.noted.append((name, day))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "api-keys.json"


@pytest.fixture
def keys(path):
    return ApiKeys(path, uses=Uses())


def add(path, name, **parts):
    def random(size):
        return digest_of(name).encode()[:size]

    wanted = ApiKey(name, parts.pop("desk", name), "", **parts)
    return add_key(path, wanted, random=random, digest_of=digest_of)


def found(keys, presented, today=TODAY):
    key = keys.find(presented, today=today)
    return key and key.name


def test_a_key_is_known_by_its_digest_alone(path, keys):
    secret = add(path, "ward")
    assert secret not in path.read_text()
    assert found(keys, secret) == "ward"
    for wrong in ("", "x", secret[:-1], f"{secret}x", digest_of(secret), "\udcff", secret * 10):
        assert found(keys, wrong) is None


def test_without_a_file_nobody_is_known(keys):
    assert found(keys, "anything") is None


def test_a_key_that_is_added_or_taken_out_counts_from_then_on(path, keys):
    ward = add(path, "ward")
    assert found(keys, ward) == "ward"
    other = add(path, "other")
    assert (found(keys, ward), found(keys, other)) == ("ward", "other")
    remove_key(path, "ward")
    assert (found(keys, ward), found(keys, other)) == (None, "other")
    path.unlink()
    assert found(keys, other) is None


def test_a_file_that_cannot_be_used_lets_nobody_in_until_it_is_mended(path, keys):
    secret = add(path, "ward")
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    for _ in range(2):
        with pytest.raises(SettingsError):
            keys.find(secret, today=TODAY)
    path.write_bytes(whole)
    assert found(keys, secret) == "ward"


def test_a_key_runs_out_after_its_last_day(path, keys):
    secret = add(path, "ward", created=TODAY, expires=TODAY + timedelta(days=1))
    assert found(keys, secret, TODAY + timedelta(days=1)) == "ward"
    assert found(keys, secret, TODAY + timedelta(days=2)) is None


def test_the_earlier_form_is_read_and_written_anew_with_the_next_key(path, keys):
    path.write_text(json.dumps({"ward": digest_of("old-key")}))
    assert found(keys, "old-key") == "ward"
    assert keys.find("old-key", today=TODAY).role is Role.CLINICIAN
    fresh = add(path, "other")
    assert json.loads(path.read_text())["version"] == 2
    assert (found(keys, "old-key"), found(keys, fresh)) == ("ward", "other")


ROW = {"name": "a", "desk": "a", "digest": "0" * 64, "role": "clinician"}


@pytest.mark.parametrize(
    "content",
    [
        {"ward": "A" * 64},
        {"ward": "0" * 63},
        {"ward": {"digest": "0" * 64}},
        {"ward": {"sha256": "0" * 64, "role": "all"}},
        {"ward": {"sha256": "0" * 64, "role": []}},
        {"ward": {"sha256": "0" * 64, "more": 1}},
        {"a": "0" * 64, "b": "0" * 64},
        {"version": 3, "keys": []},
        {"version": 2},
        {"version": 2, "keys": [ROW], "more": 1},
        {"version": 2, "keys": [{**ROW, "role": "all"}]},
        {"version": 2, "keys": [{**ROW, "digest": "0"}]},
        {"version": 2, "keys": [{**ROW, "more": 1}]},
        {"version": 2, "keys": [{**ROW, "expires": "soon"}]},
        {"version": 2, "keys": [ROW, {**ROW, "digest": "1" * 64}]},
        {"version": 2, "keys": [ROW, {**ROW, "name": "b"}]},
        [],
    ],
    ids=str,
)
def test_a_file_of_another_shape_is_refused_without_telling_a_digest(path, content):
    path.write_text(json.dumps(content))
    with pytest.raises(SettingsError) as caught:
        read_keys(path)
    assert caught.value.code == "verifier.setup"
    assert "000" not in str(caught.value.detail)


@pytest.mark.parametrize("name", ["", "staff page", "a/b", "-x", "ä", "x" * 65, "a\n"])
def test_a_name_that_could_be_mistaken_is_refused(path, name):
    with pytest.raises(SettingsError):
        add(path, name)
    with pytest.raises(SettingsError):
        add(path, "good", desk=name)
    assert not path.exists()


def test_a_name_is_given_once_and_a_missing_one_is_not_taken_out(path):
    add(path, "ward")
    with pytest.raises(SettingsError):
        add(path, "ward")
    with pytest.raises(SettingsError):
        remove_key(path, "nobody")


def test_the_day_of_a_use_is_kept_once_a_day_and_never_costs_the_call(path):
    add(path, "ward")
    uses = Uses()
    keys = ApiKeys(path, uses=uses)
    (key,) = read_keys(path)
    for day in (TODAY, TODAY, TODAY + timedelta(days=1)):
        keys.note_use(key, today=day)
    assert uses.noted == [("ward", TODAY), ("ward", TODAY + timedelta(days=1))]
    ApiKeys(path, uses=Uses(broken=True)).note_use(key, today=TODAY)


# -- over HTTP ------------------------------------------------------------------------------


@pytest.fixture
def desk(world, tmp_path, clock):
    made = make_desk(world, tmp_path / "desk", clock=clock)
    yield made
    made.shut()


@pytest.fixture
def app(desk):
    return create_app(desk.settings, desk=desk)


def bearer(secret):
    return {"authorization": f"Bearer {secret}"}


def test_a_clerks_key_asks_and_closes_and_sees_nothing_clinical(world, desk, app):
    path = desk.settings.api_keys_file
    full, narrow = add(path, "ward"), add(path, "kiosk", desk="ward", role=Role.CLERK)
    made = call(
        app, "POST", "/requests", headers=bearer(narrow), body={"template": "emergency_admission"}
    )
    assert made.status == 201
    request_id = made.json["id"]
    wallet = full_wallet(world)
    trust = desk.lists.views(datetime.now(UTC)).trust
    body = wallet.answer(wallet.read(desk, made.json["link"], trust))
    desk.receive(handle_of(made.json["link"]), body)
    seen = call(app, "GET", f"/requests/{request_id}", headers=bearer(narrow))
    assert seen.json["state"] == "answered"
    assert "Penicillin" not in seen.text
    whole = call(app, "GET", f"/requests/{request_id}", headers=bearer(full))
    assert "Penicillin" in whole.text
    saved = call(app, "GET", f"/requests/{request_id}/fhir", headers=bearer(narrow))
    assert (saved.status, saved.json["code"]) == (403, "staff.role")
    closed = call(app, "DELETE", f"/requests/{request_id}", headers=bearer(narrow))
    assert closed.status == 204


def test_a_key_that_is_taken_out_is_refused_at_the_next_call(desk, app):
    path = desk.settings.api_keys_file
    secret = add(path, "ward")
    assert call(app, "GET", "/templates", headers=bearer(secret)).status == 200
    assert desk.api_keys._uses.days() == {"ward": datetime.now(UTC).date()}
    remove_key(path, "ward")
    assert call(app, "GET", "/templates", headers=bearer(secret)).status == 401


def test_htt_019_wrong_keys_are_few_and_a_right_one_is_never_kept_waiting(desk, app, clock):
    secret = add(desk.settings.api_keys_file, "ward")
    told = [call(app, "GET", "/templates", headers=bearer(f"wrong-{n}")) for n in range(30)]
    codes = [answer.json["code"] for answer in told]
    assert codes[:20] == ["http.unauthorized"] * 20
    assert codes[-1] == "rate_limited"
    assert told[-1].status == 429
    assert call(app, "GET", "/templates", headers=bearer(secret)).status == 200
    clock.offset += timedelta(minutes=1)
    later = call(app, "GET", "/templates", headers=bearer("wrong"))
    assert later.json["code"] == "http.unauthorized"
