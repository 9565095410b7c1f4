"""Two organisations on one deployment: neither reaches anything of the other by any id.

What one is told of the other's things is compared, byte for byte, with what it is told of things
that are nowhere. The routes are those of the applications, so that a new one is tried as well.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from asgi_calls import call
from card_desk import made
from desk_world import Clock, code_of, full_wallet, handle_of
from tenant_world import NAMES, ODS, serve_two, set_up

from healthpassport.encoding import b64url_encode
from healthpassport.errors import PassportError
from healthpassport.protocols.oid4vp.codes import spelled
from verifier.service import open_tenants
from verifier.service.cards import Reader
from verifier.web.app import DESK

FORM = {"content-type": "application/x-www-form-urlencoded"}
LEARNT = (
    *("answered", "answered on the page", "waiting", "handle"),
    *("open handle", "code", "question", "card", "receipt"),
)
READER = Reader("Dr Example, 555-0100", 4, "doctor", "")
SECRETS = ("Penicillin", "EXAMPLE", "999 000 0018", "9990000018", "North")


@pytest.fixture(scope="module")
def two(world, tmp_path_factory):
    served = serve_two(world, tmp_path_factory.mktemp("two") / "home")
    yield served
    served.tenants.shut()


def key(name):
    return {"authorization": f"Bearer {name}-key", "host": f"{name}.example"}


def page(name):
    return {"host": f"{name}.staff.example", "origin": f"http://{name}.staff.example", **FORM}


def share(two, name, *, desk):
    """A question of ``name`` that was answered."""
    view = two.desk(name).ask("emergency_admission", desk=desk)
    body = two.answer(name, view.link, full_wallet(two.world))
    two.desk(name).receive(handle_of(view.link), body)
    return two.desk(name).look(view.id, desk=desk)


@pytest.fixture(scope="module")
def of_north(two):
    """Every id that somebody could learn of things of the north: what it is, and the id."""
    desk = two.desk("north")
    readings = two.web_apps["north"].state.cards
    answered, on_page = share(two, "north", desk="ward"), share(two, "north", desk=DESK)
    waiting = desk.ask("emergency_admission", desk="ward")
    held = readings.read(made(two.world), reader=READER)
    notes = two.tenants.store.for_tenant("north").receipts.recent()
    return {
        "answered": answered.id,
        "answered on the page": on_page.id,
        "waiting": waiting.id,
        "handle": handle_of(answered.link),
        "open handle": handle_of(waiting.link),
        "code": waiting.short_code,
        "question": waiting.short_code.partition("-")[2].rpartition("-")[0],
        "card": held.id,
        "receipt": notes[0].id,
    }


def like(told):
    """What is nowhere, in the form of ``told``."""
    if told.startswith(ODS["north"]):
        return spelled(ODS["north"], "7777-7777")
    if len(told) == len("AAAA-AAAA"):
        return "7777-7777"
    return b64url_encode(secrets.token_bytes(16))


def routes(app):
    return sorted(
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if "{" in path
    )


def filled(path, told):
    return "/".join(told if part.startswith("{") else part for part in path.split("/"))


def seen(app, method, path, headers, body):
    """The answer; a page may hold the address that it was asked under, and nothing else of it."""
    answer = call(app, method, path, headers=headers, body=body)
    return answer.status, answer.headers, answer.body.replace(path.encode(), b"/asked")


def bodies(path):
    """Something that the route reads, so that it comes to the id."""
    if path.endswith("/confirm"):
        return {"code": "1234"}
    return b"error=access_denied" if "oid4vp" in path else b""


def test_the_north_reaches_its_own(two, of_north):
    assert call(two.api, "GET", f"/requests/{of_north['answered']}", headers=key("north")).json[
        "result"
    ]
    handle = of_north["open handle"]
    assert call(two.api, "GET", f"/oid4vp/requests/{handle}", headers=key("north")).status == 200
    code = call(two.api, "GET", f"/oid4vp/codes/{of_north['question']}", headers=key("north"))
    assert handle in code.json["link"]
    shown = call(
        two.web, "GET", f"/requests/{of_north['answered on the page']}", headers=page("north")
    )
    assert "Penicillin" in shown.text
    card = call(two.web, "GET", f"/cards/{of_north['card']}", headers=page("north"))
    assert "Penicillin" in card.text


@pytest.mark.parametrize("what", LEARNT)
def test_vpr_021_htt_018_another_organisations_id_is_answered_like_one_that_is_nowhere(
    two, of_north, what
):
    told = of_north[what]
    nowhere = like(told)
    tried = 0
    for app, inner, headers in (
        (two.api, two.api_apps["south"], key("south")),
        (two.web, two.web_apps["south"], page("south")),
    ):
        for method, path in routes(inner):
            if "code" in path and what not in {"code", "question"}:
                continue  # what is no code is refused by its form
            sent = {**headers, **(FORM if "oid4vp" in path else {})}
            theirs = seen(app, method, filled(path, told), sent, bodies(path))
            none = seen(app, method, filled(path, nowhere), sent, bodies(path))
            assert theirs == none, (method, path)
            assert 300 <= theirs[0] < 500, (method, path)
            assert not any(secret.encode() in theirs[2] for secret in SECRETS), (method, path)
            tried += 1
    assert tried >= 10


def test_nothing_of_it_was_changed_by_the_attempts(two, of_north):
    desk = two.desk("north")
    assert desk.look(of_north["answered"], desk="ward").summary is not None
    assert desk.look(of_north["waiting"], desk="ward").progress.is_open
    assert two.web_apps["north"].state.cards.look(of_north["card"])


@pytest.mark.parametrize("route", ["/oid4vp/requests/{}", "/oid4vp/codes/{}", "/requests/{}"])
def test_the_same_statements_are_sent_for_anothers_id_as_for_one_that_is_nowhere(
    two, of_north, route
):
    """What takes as long cannot be told apart by a clock."""
    told = of_north["question" if "codes" in route else "open handle"]

    def statements(name):
        sent = []

        def note(_connection, _cursor, statement, *_rest):
            sent.append(statement)

        engine = two.tenants.store._engine
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            call(two.api, "GET", route.format(name), headers=key("south"))
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
        return sent

    statements("once")  # the day of the key is noted with the first call
    assert statements(told) == statements(like(told)) != []


def test_todays_list_is_of_one_organisation(two, of_north):
    assert f"/requests/{of_north['answered on the page']}" in (
        call(two.web, "GET", "/today", headers=page("north")).text
    )
    theirs = call(two.web, "GET", "/today", headers=page("south")).text
    assert not any(told in theirs for told in of_north.values())


def test_pages_are_chosen_by_their_name_and_by_no_other(two):
    assert "South Hospital" in call(two.web, "GET", "/", headers=page("south")).text
    for host in (
        "north.example",
        "staff.example",
        "localhost",
        "",
        "north.staff.example.evil",
        "x@north.staff.example",
    ):
        answer = call(two.web, "GET", "/", headers={"host": host})
        assert (answer.status, answer.json["code"]) == (403, "request.host")
        assert b"North" not in answer.body


def test_a_form_of_one_organisations_page_is_refused_by_anothers(two):
    forged = {**page("south"), "origin": "http://north.staff.example"}
    answer = call(two.web, "POST", "/requests", headers=forged, body=b"template=medicines_check")
    assert (answer.status, answer.json["code"]) == (403, "csrf")


def test_a_key_opens_its_own_organisation_alone(two, of_north):
    names = call(two.api, "GET", "/templates", headers=key("south"))
    assert names.status == 200
    made_here = call(
        two.api, "POST", "/requests", headers=key("south"), body={"template": "medicines_check"}
    ).json
    assert two.desk("south").look(made_here["id"], desk="ward")
    assert code_of(two.desk("north").look, made_here["id"], desk="ward") == "not_found"
    nobody = call(two.api, "GET", "/templates", headers={"x-api-key": "west-key"})
    none = call(two.api, "GET", "/templates", headers={"x-api-key": "wrong-key"})
    assert (nobody.status, nobody.body) == (none.status, none.body)
    assert nobody.json["code"] == "http.unauthorized"


def test_wallets_are_heard_at_their_organisations_own_address_alone(two, of_north):
    handle = of_north["open handle"]
    for host in (
        "west.example",
        "",
        "north.staff.example",
        "north.example:8443",
        "x@north.example",
    ):
        for path in (f"/oid4vp/requests/{handle}", f"/oid4vp/codes/{of_north['question']}"):
            answer = call(two.api, "GET", path, headers={"host": host})
            assert (answer.status, answer.json["code"]) == (403, "request.host")


def test_each_organisation_signs_as_itself(two):
    names = {two.desk(name).identity.client_id for name in NAMES}
    assert len(names) == 2
    for name in NAMES:
        view = two.desk(name).ask("medicines_check", desk="ward")
        assert view.short_code.startswith(ODS[name])
        request = two.read(name, view.link)
        assert request.client_id == two.desk(name).identity.client_id


def test_a_receipt_of_one_is_no_receipt_of_the_other(two, of_north):
    south = two.tenants.store.for_tenant("south")
    assert south.receipts.find(of_north["receipt"]) is None
    digests = {two.desk(n).receipts.digests.of("subject", "the same text") for n in NAMES}
    assert len(digests) == 2


def test_one_organisation_full_of_questions_does_not_keep_the_other_from_asking(two, monkeypatch):
    from verifier.service import holding  # noqa: PLC0415 - the limit is patched where it stands

    held = len(two.desk("north").holding)
    monkeypatch.setattr(holding, "MAX_HELD", held)
    assert code_of(two.desk("north").ask, "medicines_check", desk="ward") == "rate_limited"
    assert two.desk("south").ask("medicines_check", desk="ward")


def test_the_lists_are_read_once_for_both_and_aged_by_each_ones_own_policy(world, tmp_path):
    settings = set_up(world, tmp_path / "home")
    (settings.organisations / "north" / "freshness.json").write_text(
        json.dumps({"version": 1, "trustList": 1})
    )
    clock = Clock()
    tenants = open_tenants(settings, clock=clock, random=secrets.token_bytes, fetcher=world.fetcher)
    north, south = (tenants.desks[name] for name in NAMES)
    north.update()
    now = datetime.now(UTC)
    assert north.lists.views(now).trust.trust_list is south.lists.views(now).trust.trust_list
    later = now + timedelta(days=2)
    assert north.lists.views(later).trust.stale
    assert not south.lists.views(later).trust.stale
    tenants.shut()


def test_two_at_one_address_are_told_apart_by_handle_and_code(world, tmp_path):
    two = serve_two(world, tmp_path / "home", wallets="desk.example")
    for name in NAMES:
        view = two.desk(name).ask("medicines_check", desk="ward")
        handle, question = handle_of(view.link), view.short_code.split("-", 1)[1].rpartition("-")[0]
        asked = call(two.api, "GET", f"/oid4vp/requests/{handle}", headers={"host": "desk.example"})
        assert asked.status == 200
        two.read(name, view.link)
        code = call(two.api, "GET", f"/oid4vp/codes/{question}", headers={"host": "desk.example"})
        assert handle in code.json["link"]
        whole = f"/oid4vp/codes/{view.short_code}"
        code = call(two.api, "GET", whole, headers={"host": "desk.example"})
        assert handle in code.json["link"]
        body = two.answer(name, view.link, full_wallet(world))
        sent = call(
            two.api,
            "POST",
            f"/oid4vp/responses/{handle}",
            headers={"host": "desk.example", **FORM},
            body=body,
        )
        assert sent.status == 200
        assert two.desk(name).look(view.id, desk="ward").summary is not None
    two.tenants.shut()


def test_one_organisations_callers_use_up_nothing_of_the_others(world, tmp_path):
    two = serve_two(world, tmp_path / "home", request_burst=3, requests_per_second=0.001)
    asked = [
        call(two.api, "GET", "/oid4vp/codes/7777-7777", headers=key(name)).json["code"]
        for name in ["north"] * 5 + ["south"]
    ]
    assert asked == [*["transaction.unknown"] * 3, *["rate_limited"] * 2, "transaction.unknown"]
    pages = [
        call(two.web, "GET", "/", headers=page(name)).status for name in ["north"] * 4 + ["south"]
    ]
    assert pages == [200, 200, 200, 429, 200]
    two.tenants.shut()


def test_the_applications_begin_and_end_together_and_one_keeps_the_lists(two):
    keeping = [name for name, app in two.api_apps.items() if app.state.keeps_lists]
    assert keeping == ["north"]
    for app in (two.api, two.web):
        assert asyncio.run(lifespan(app)) == [
            "lifespan.startup.complete",
            "lifespan.shutdown.complete",
        ]


async def lifespan(app):
    coming, told = asyncio.Queue(), []
    for name in ("lifespan.startup", "lifespan.shutdown"):
        coming.put_nowait({"type": name})

    async def send(message):
        told.append(message["type"])

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, coming.get, send)
    return told


def broken(settings, change):
    change(settings.organisations)
    with pytest.raises(PassportError) as caught:
        open_tenants(settings, clock=Clock(), random=secrets.token_bytes)
    return caught.value.code, caught.value.detail or ""


def test_one_broken_organisation_does_not_keep_the_other_from_being_served(world, tmp_path):
    settings = set_up(world, tmp_path / "home")
    (settings.organisations / "north" / "verifier.pem").unlink()
    tenants = open_tenants(settings, clock=Clock(), random=secrets.token_bytes)
    assert list(tenants.desks) == ["south"]
    tenants.shut()


def copied(name):
    def change(folder):
        text = (folder / "north" / name).read_bytes()
        (folder / "south" / name).write_bytes(text)

    return change


def same_host(folder):
    own = folder / "south" / "organisation.toml"
    own.write_text(own.read_text().replace("south.staff", "north.staff"))


def same_certificate(folder):
    for name in ("verifier.key", "verifier.pem"):
        copied(name)(folder)
    own = folder / "south" / "organisation.toml"
    told = own.read_text().replace("https://south.", "https://north.").replace(ODS["south"], "")
    own.write_text(told)


@pytest.mark.parametrize(
    ("change", "said"),
    [(same_host, "the host north.staff.example"), (same_certificate, "the certificate")],
    ids=["host", "certificate"],
)
def test_what_must_be_ones_own_is_not_shared(world, tmp_path, change, said):
    code, words = broken(set_up(world, tmp_path / "home"), change)
    assert code == "verifier.organisation"
    assert "north and south share" in words
    assert said in words
