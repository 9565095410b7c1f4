"""The desk's service: one question, one answer, everything else refused."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from desk_world import (
    Clock,
    code_of,
    full_wallet,
    handle_of,
    identity,
    make_desk,
    opened,
    peek,
    post,
    seal,
    wallet_with,
)
from record_examples import allergies, medicines

from healthpassport.credential import Challenge, DeskState, Verdict
from healthpassport.encoding import b64url_decode
from healthpassport.errors import FetchError, PassportError
from healthpassport.protocols.oid4vp import (
    RequestLink,
    build_vp_token,
    encode_error,
    encode_response,
)
from verifier.service import Expected, Progress

# -- the good way ---------------------------------------------------------------------------


def test_a_whole_answer_becomes_a_verified_summary(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    assert request.name == "Example Hospital"
    assert request.purpose == "emergency"
    assert request.over_asked == ()
    assert post(desk, view, wallet.answer(request)).confirm_code is None
    seen = desk.look(view.id, desk="ward")
    assert seen.progress is Progress.ANSWERED
    assert seen.summary.verdict is Verdict.ACCEPTED, seen.summary.codes
    section = seen.summary.section("AllergySummary")
    assert section.state is DeskState.ITEMS
    assert (section.shown, section.total) == (2, 2)
    assert seen.summary.section("ProblemSummary").state is DeskState.NOT_SHARED


def test_a_wallet_that_keeps_one_allergy_back_is_partly_shared(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)

    def keep(payload):
        return {**payload, **({"items": payload["items"][:1]} if "items" in payload else {})}

    shown = wallet.presentation(
        request.query, Challenge(request.nonce, request.client_id), keep=keep
    )
    post(desk, view, wallet.answer(request, presentation=shown))
    section = desk.look(view.id, desk="ward").summary.section("AllergySummary")
    assert section.state is DeskState.PARTLY_SHARED
    assert (section.shown, section.total) == (1, 2)


def test_verification_asks_the_network_nothing(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    before = len(world.fetcher.asked)
    post(desk, view, wallet.answer(request))
    assert len(world.fetcher.asked) == before


def test_a_link_fits_the_screen_and_names_no_secret(desk):
    view = desk.ask("medicines_check", desk="ward")
    assert len(view.link) <= 165
    assert view.id not in view.link
    assert RequestLink.parse(view.link).client_id == desk.identity.client_id


def test_vpr_026_a_request_read_twice_asks_the_same(desk):
    view = desk.ask("medicines_check", desk="ward")
    first, second = (peek(desk.request_object(handle_of(view.link))) for _ in range(2))
    assert first == second


def test_vpr_028_the_wallets_nonce_is_repeated_and_signed(desk):
    view = desk.ask("medicines_check", desk="ward")
    claims = peek(desk.request_object(handle_of(view.link), wallet_nonce="abc"))
    assert claims["wallet_nonce"] == "abc"
    assert "wallet_nonce" not in peek(desk.request_object(handle_of(view.link)))


@pytest.mark.parametrize("nonce", ["", "x" * 513])
def test_vpr_028_an_unusable_nonce_of_a_wallet_is_refused(desk, nonce):
    view = desk.ask("medicines_check", desk="ward")
    assert code_of(desk.request_object, handle_of(view.link), wallet_nonce=nonce) == "http.invalid"


def test_every_question_has_fresh_secrets(desk):
    views = [desk.ask("medicines_check", desk="ward") for _ in range(20)]
    claims = [peek(desk.request_object(handle_of(view.link))) for view in views]
    for member in ("nonce", "state", "response_uri"):
        assert len({claim[member] for claim in claims}) == 20
    keys = {c["client_metadata"]["jwks"]["keys"][0]["x"] for c in claims}
    assert len(keys) == 20
    assert all(len(b64url_decode(claim["nonce"])) >= 16 for claim in claims)


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1}", "{2}"])
def test_a_short_code_is_read_as_people_type_it(desk, typed):
    view = desk.ask("medicines_check", desk="ward")
    code = view.short_code
    text = typed.format(code, code.lower().replace("-", " "), code.replace("0", "O"))
    assert desk.link_for_code(text) == view.link


# -- once, in time, by whom it was asked ----------------------------------------------------


def test_vpr_001_the_same_answer_twice_is_refused(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    body = wallet.answer(request)
    post(desk, view, body)
    assert code_of(post, desk, view, body) == "transaction.closed"
    assert desk.look(view.id, desk="ward").progress is Progress.ANSWERED


def test_vpr_002_of_parallel_answers_exactly_one_wins(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    bodies = [wallet.answer(request) for _ in range(8)]

    def send(body):
        try:
            post(desk, view, body)
        except PassportError as error:
            return error.code
        return "won"

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(send, bodies))
    assert results == ["transaction.closed"] * 7 + ["won"]


def test_vpr_003_an_answer_to_no_question_is_refused(desk):
    assert code_of(desk.receive, "x" * 22, encode_response("a.b.c.d.e")) == "transaction.unknown"


@pytest.mark.parametrize("state", ["x" * 22, None])
def test_vpr_003_an_answer_with_another_state_is_refused(world, desk, state):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    shown = wallet.presentation(request.query, Challenge(request.nonce, request.client_id))
    body = seal(request, build_vp_token(shown, state=state))
    assert code_of(post, desk, view, body) == "transaction.unknown"
    assert desk.look(view.id, desk="ward").progress is Progress.FETCHED


def test_vpr_004_an_answer_made_for_another_desks_question_is_refused(world, desk, tmp_path):
    other = make_desk(world, tmp_path / "other")
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    _, theirs = opened(other, wallet)
    shown = wallet.presentation(theirs.query, Challenge(theirs.nonce, theirs.client_id))
    body = seal(request, build_vp_token(shown, state=request.state))
    assert code_of(post, desk, view, body) == "kb.nonce"
    assert desk.look(view.id, desk="ward").summary.verdict is Verdict.REJECTED
    other.shut()


def test_vpr_005_an_answer_that_comes_too_late_is_refused(world, tmp_path):
    clock = Clock()
    desk = make_desk(world, tmp_path / "desk", clock=clock)
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    body = wallet.answer(request)
    clock.offset = timedelta(minutes=5, seconds=1)
    assert code_of(post, desk, view, body) == "transaction.expired"
    assert code_of(desk.request_object, handle_of(view.link)) == "transaction.expired"
    assert desk.look(view.id, desk="ward").progress is Progress.EXPIRED
    desk.shut()


def test_vpr_021_another_desk_sees_nothing(desk):
    view = desk.ask("medicines_check", desk="ward")
    for action in (desk.look, desk.close):
        assert code_of(action, view.id, desk="other") == "not_found"
    assert code_of(desk.confirm, view.id, "0000", desk="other") == "not_found"
    assert desk.recent(desk="other") == ()


def test_a_wallets_handle_is_no_key_to_the_result(desk):
    view = desk.ask("medicines_check", desk="ward")
    assert code_of(desk.look, handle_of(view.link), desk="ward") == "not_found"


def test_vpr_022_an_error_after_a_success_changes_nothing(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    post(desk, view, wallet.answer(request))
    late = encode_error("access_denied", state=request.state)
    assert code_of(post, desk, view, late) == "transaction.closed"
    assert desk.look(view.id, desk="ward").summary.verdict is Verdict.ACCEPTED


def test_a_patient_who_declines_ends_the_question(world, desk):
    view, request = opened(desk, full_wallet(world))
    post(desk, view, encode_error("access_denied", state=request.state))
    seen = desk.look(view.id, desk="ward")
    assert (seen.progress, seen.code) == (Progress.DECLINED, "access_denied")


def test_an_error_with_another_state_does_not_end_the_question(world, desk):
    view, _ = opened(desk, full_wallet(world))
    stray = encode_error("access_denied", state="other")
    assert code_of(post, desk, view, stray) == "transaction.unknown"
    assert desk.look(view.id, desk="ward").progress is Progress.FETCHED


def test_a_restart_ends_open_questions_with_a_clear_word(world, tmp_path):
    home = tmp_path / "desk"
    first = make_desk(world, home)
    view, request = opened(first, full_wallet(world))
    body = full_wallet(world).answer(request)
    second = make_desk(world, home)
    assert code_of(post, second, view, body) == "transaction.expired"
    assert second.look(view.id, desk="ward").progress is Progress.EXPIRED
    first.shut()
    second.shut()


EXPECTED = Expected("EXAMPLE ", "1958-07-14", "999 000 0018")
DIFFERENCES = [
    ("the same person", EXPECTED, ()),
    ("nothing known", Expected(), ()),
    ("vpr-030-name", replace(EXPECTED, family_name="Other"), ("familyName",)),
    ("vpr-030-birth", replace(EXPECTED, birth_date="1958-07-15"), ("birthDate",)),
    ("vpr-030-number", replace(EXPECTED, nhs_number="9990000026"), ("nhsNumber",)),
]


@pytest.mark.parametrize(
    ("expected", "differing"), [r[1:] for r in DIFFERENCES], ids=[r[0] for r in DIFFERENCES]
)
def test_vpr_030_each_difference_from_the_person_admitted_is_named(
    world, desk, expected, differing
):
    view = desk.ask("emergency_admission", desk="ward", expected=expected)
    wallet = full_wallet(world)
    trust = desk.lists.views(view.created_at).trust
    post(desk, view, wallet.answer(wallet.read(desk, view.link, trust)))
    seen = desk.look(view.id, desk="ward")
    assert seen.differences == differing
    assert seen.code == ("match.demographics" if differing else None)


# -- confirming, closing, forgetting --------------------------------------------------------


@pytest.fixture
def careful(world, tmp_path):
    made = make_desk(world, tmp_path / "careful", confirm=True)
    yield made
    made.shut()


def test_vpr_029_a_result_stays_hidden_until_the_patients_code_is_typed(world, careful):
    wallet = full_wallet(world)
    view, request = opened(careful, wallet)
    code = post(careful, view, wallet.answer(request)).confirm_code
    assert len(code) == 4
    hidden = careful.look(view.id, desk="ward")
    assert (hidden.progress, hidden.summary) == (Progress.CONFIRMING, None)
    shown = careful.confirm(view.id, code, desk="ward")
    assert shown.summary.verdict is Verdict.ACCEPTED


def test_vpr_029_three_wrong_codes_end_it(world, careful):
    wallet = full_wallet(world)
    view, request = opened(careful, wallet)
    code = post(careful, view, wallet.answer(request)).confirm_code
    wrong = f"{(int(code) + 1) % 10000:04d}"
    for _ in range(3):
        assert code_of(careful.confirm, view.id, wrong, desk="ward") == "transaction.not_confirmed"
    assert code_of(careful.confirm, view.id, code, desk="ward") == "transaction.closed"
    seen = careful.look(view.id, desk="ward")
    assert (seen.progress, seen.summary) == (Progress.FAILED, None)


def test_there_is_nothing_to_confirm_where_no_code_is_used(desk):
    view = desk.ask("medicines_check", desk="ward")
    assert code_of(desk.confirm, view.id, "0000", desk="ward") == "transaction.closed"


def test_closing_forgets_the_result(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    post(desk, view, wallet.answer(request))
    desk.close(view.id, desk="ward")
    seen = desk.look(view.id, desk="ward")
    assert (seen.progress, seen.summary) == (Progress.CLOSED, None)


def test_a_result_is_forgotten_in_time(world, tmp_path):
    clock = Clock()
    desk = make_desk(world, tmp_path / "desk", clock=clock, result_minutes=2)
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    post(desk, view, wallet.answer(request))
    clock.offset = timedelta(minutes=3)
    seen = desk.look(view.id, desk="ward")
    assert (seen.progress, seen.summary) == (Progress.CLOSED, None)
    desk.shut()


def test_prv_007_no_value_of_a_record_reaches_a_file(world, tmp_path):
    home = tmp_path / "desk"
    desk = make_desk(world, home)
    wallet = wallet_with(
        world, identity(familyName="Canaryname"), allergies(), medicines("current")
    )
    view, request = opened(desk, wallet)
    shown = wallet.presentation(request.query, Challenge(request.nonce, request.client_id))
    post(desk, view, wallet.answer(request, presentation=shown))
    desk.look(view.id, desk="ward")
    files = [path for path in home.rglob("*") if path.is_file() and "trust" not in path.parts]
    assert any(path.suffix == ".sqlite" for path in files)
    holder = world.holder.public_key.jwk()["x"]
    for value in ("Canaryname", "Penicillin", "9990000018", "1958-07-14", holder):
        for path in files:
            assert value.encode() not in path.read_bytes(), path.name
    desk.shut()


def test_a_template_without_a_registration_cannot_be_asked_with(world, tmp_path):
    desk = make_desk(world, tmp_path / "desk")
    (tmp_path / "desk" / "registrations" / "emergency.jwt").unlink()
    second = make_desk(world, tmp_path / "desk")
    assert code_of(second.ask, "emergency_admission", desk="ward") == "verifier.not_registered"
    assert code_of(second.ask, "no_such", desk="ward") == "verifier.template_unknown"
    desk.shut()
    second.shut()


def test_a_desk_without_a_trust_list_says_so(world, tmp_path):
    desk = make_desk(world, tmp_path / "desk", updated=False)
    assert code_of(desk.check) == "trust.missing"
    desk.update()
    desk.check()
    desk.shut()


def test_an_update_that_fails_leaves_the_copy_at_hand(world, tmp_path):
    desk = make_desk(world, tmp_path / "desk")
    kept = dict(world.fetcher.bodies)
    folder, world.fetcher.folder = world.fetcher.folder, tmp_path / "nothing"
    try:
        with pytest.raises(PassportError):
            desk.update()
    finally:
        world.fetcher.folder = folder
        world.fetcher.bodies = kept
    desk.check()
    desk.shut()
    assert FetchError("net.unreachable").status


def test_far_too_many_open_questions_are_refused(desk, monkeypatch):
    monkeypatch.setattr("verifier.service.holding.MAX_HELD", 2)
    desk.ask("medicines_check", desk="ward")
    desk.ask("medicines_check", desk="ward")
    assert code_of(desk.ask, "medicines_check", desk="ward") == "rate_limited"


def test_the_days_list_holds_no_result(world, desk):
    wallet = full_wallet(world)
    view, request = opened(desk, wallet)
    post(desk, view, wallet.answer(request))
    (row,) = desk.recent(desk="ward")
    assert (row.id, row.summary, row.progress) == (view.id, None, Progress.ANSWERED)
    assert secrets.compare_digest(row.short_code, view.short_code)


def test_only_what_a_desk_is_registered_for_can_be_chosen_the_most_urgent_first(desk):
    shown = desk.templates.askable({"medicines_check", "emergency", "pharmacy"})
    assert [template.purpose for template in shown] == [
        "emergency",
        "emergency",
        "medicines_check",
        "pharmacy",
    ]
    assert desk.templates.askable(()) == ()
