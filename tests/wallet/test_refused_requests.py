"""Bad requests: each has its own words, side and next step, and leaves the wallet as it was."""

from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta

import pytest
from reading import too_hard
from wallet_state import but_history, contents
from wallet_world import DESK, past_of

import schemas
from healthpassport.encoding import b64url_encode, dump_json, parse_json_object
from healthpassport.errors import PassportError
from healthpassport.fetch import HttpResponse
from healthpassport.jose import jws
from wallet.consent import ConsentQuestion, Refusal
from wallet.consent.refusal import kinds
from wallet.service import HistoryKind

SIGNED = {"content-type": "application/oauth-authz-req+jwt"}
# Of an own page, and of staff: no request ends in these.
OTHERS = {"jws.syntax", "transaction.not_confirmed", "request.host"}
FILES = ("refusals", "offer_refusals")
ROWS = schemas.load("sharing/refusals.json")
ALL = [
    pytest.param(name, kind, id=f"{name}-{kind}")
    for name in FILES
    for kind in schemas.load(f"sharing/{name}.json")["kinds"]
]


def posted(world):
    return [r for r in world.wire.sent if r.method == "POST" and r.url.startswith(DESK)]


def asked(world, *, template="emergency_admission", sign=None, **changes):
    """The link of a request that the desk signs with ``changes``; ``sign`` may sign otherwise."""
    link = world.ask(template)["link"]
    identity = world.world.desk.identity

    def bent(request, answer):
        if "/oid4vp/requests/" not in request.url:
            return answer
        claims = dict(parse_json_object(jws.parse(answer.body.decode()).payload)) | changes
        claims = {name: value for name, value in claims.items() if value is not ...}
        return HttpResponse(200, SIGNED, (sign or identity.sign_request)(claims).encode())

    world.wire.bend = bent
    return link


def unsigned(claims):
    header = b64url_encode(dump_json({"alg": "none", "typ": "oauth-authz-req+jwt"}))
    return f"{header}.{b64url_encode(dump_json(claims))}."


def forged(world):
    def sign(claims):
        head, _, tail = world.world.desk.identity.sign_request(claims).split(".")
        return f"{head}.{b64url_encode(dump_json(claims | {'nonce': 'm' * 22}))}.{tail}"

    return sign


def greedy(vct="https://passport.example/vct/PatientIdentity/1"):
    claims = [{"path": [name]} for name in ("addressLines", "postcode")]
    row = {"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": [vct]}, "claims": claims}
    return {"credentials": [row]}


def bad(world, name):
    """A link that must be refused."""
    then = int((world.world.clock() - timedelta(minutes=30)).timestamp())
    made = {
        "stranger": lambda: f"openid4vp://?client_id=x509_hash:{'A' * 43}&request_uri={DESK}/x",
        "unsigned": lambda: asked(world, sign=unsigned),
        "forged": lambda: asked(world, sign=forged(world)),
        "late": lambda: asked(world, iat=then, exp=then + 300),
        "over-asking": lambda: asked(world, dcql_query=greedy()),
        "no purpose": lambda: asked(world, verifier_info=...),
        "elsewhere": lambda: asked(world, response_uri="https://evil.example/x"),
        "in the open": lambda: asked(world, response_mode="direct_post"),
        "nonsense": lambda: asked(world, dcql_query={}),
        "no link": lambda: "https://www.example/menu",
    }
    return made[name]()


KINDS = [
    ("stranger", "unknown", "trust.verifier_unknown"),
    ("unsigned", "unsigned", "request.unsigned"),
    ("forged", "forged", "jws.signature"),
    ("late", "late", "request.time"),
    ("over-asking", "too_much", "consent.blocked"),
    ("no purpose", "too_much", "consent.blocked"),
    ("elsewhere", "forged", "request.response_uri"),
    ("in the open", "unsafe", "request.response_mode"),
    ("nonsense", "unclear", "request.dcql"),
    ("no link", "link", "request.link"),
]


@pytest.mark.parametrize(("name", "kind", "code"), KINDS, ids=[row[0] for row in KINDS])
def test_a_bad_request_gets_words_of_its_own_and_nothing_else(
    world, filled_wallet, name, kind, code
):
    before = contents(filled_wallet)
    found = filled_wallet.consider(bad(world, name))
    assert isinstance(found, Refusal)
    assert (found.kind, found.code) == (kind, code)
    assert found.title == ROWS["kinds"][kind]["title"]["en"]
    assert found.words
    assert found.side in {"theirs", "yours"}
    assert found.side_words
    assert found.next_step
    assert not posted(world)
    after = contents(filled_wallet)
    assert but_history(after) == but_history(before)
    if found.side == "yours":  # a slip of one's own is nobody's request
        assert after == before
        return
    assert len(after["history"]) == len(before["history"]) + 1
    entry = past_of(filled_wallet)[0]
    assert (entry.kind, entry.code, entry.what) == (HistoryKind.REFUSED, code, ())


def test_an_asker_that_nobody_checked_is_never_named(world, filled_wallet):
    found = filled_wallet.consider(bad(world, "stranger"))
    assert (found.asker, found.too_much) == ("", ())
    assert found.title == "We do not know who this is"
    assert past_of(filled_wallet)[0].who == ""


def test_a_stranger_is_not_even_asked_for_the_request(world, filled_wallet):
    filled_wallet.consider(bad(world, "stranger"))
    assert not world.wire.sent


def test_whoever_asks_too_much_is_named_with_what_was_too_much(world, filled_wallet):
    found = filled_wallet.consider(bad(world, "over-asking"))
    assert found.asker.startswith("Example Hospital")
    assert found.too_much == ("Your details: Address", "Your details: Postcode")
    assert past_of(filled_wallet)[0].who == found.asker


def test_a_welsh_wallet_refuses_in_welsh(world, tmp_path):
    wallet = world.wallet(tmp_path / "cy", language="cy")
    found = wallet.consider(bad(world, "over-asking"))
    assert found.title == ROWS["kinds"]["too_much"]["title"]["cy"]
    assert found.too_much[0].startswith("Eich manylion")
    wallet.close()


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_every_refusal_can_be_read_in_both_languages(name, kind):
    data = schemas.load(f"sharing/{name}.json")
    row = data["kinds"][kind]
    for part in (row["title"], row["words"], row["next"], data["sides"][row["side"]]):
        assert part["en"] != part["cy"]
        assert not too_hard(part["en"])


@pytest.mark.parametrize("name", FILES)
def test_refusals_name_codes_that_there_are_each_once(name):
    rows = schemas.load(f"sharing/{name}.json")["kinds"].values()
    named = [code for row in rows for code in row["codes"]]
    assert len(named) == len(set(named))
    assert not set(named) - schemas.load_errors().keys()


@pytest.mark.parametrize(
    "area", ["request.", "x509.", "jws.", "did.", "net.", "transaction.", "invalid_"]
)
def test_every_code_that_a_request_can_end_in_has_its_kind(area):
    left = {code for code in schemas.load_errors() if code.startswith(area)} - kinds(
        "refusals"
    ).keys()
    assert left <= OTHERS


def test_a_desk_that_is_gone_leaves_no_trace(world, filled_wallet):
    link = world.ask()["link"]
    world.wire.down.add(DESK.removeprefix("https://"))
    before = contents(filled_wallet)
    found = filled_wallet.consider(link)
    assert (found.kind, found.side) == ("gone", "network")
    assert contents(filled_wallet) == before


def test_a_request_that_the_desk_closed_has_run_out(world, filled_wallet):
    request = world.ask()
    filled_wallet.decline(filled_wallet.prepare(request["link"]))
    found = filled_wallet.consider(request["link"])
    assert found.kind == "late"


# -- two windows -------------------------------------------------------------------------------


def test_of_two_windows_with_one_request_the_first_answers(world, filled_wallet):
    link = world.ask()["link"]
    first, second = filled_wallet.prepare(link), filled_wallet.prepare(link)
    assert first.id != second.id
    filled_wallet.share(first)
    sent = len(posted(world))
    before = contents(filled_wallet)
    for late in (
        lambda: filled_wallet.share(second),
        lambda: filled_wallet.decline(second),
    ):
        with pytest.raises(Exception, match=r"^consent\.answered: "):
            late()
    assert len(posted(world)) == sent
    assert contents(filled_wallet) == before


def test_a_request_that_was_declined_in_one_window_is_not_shared_in_another(world, filled_wallet):
    link = world.ask()["link"]
    first, second = filled_wallet.prepare(link), filled_wallet.prepare(link)
    filled_wallet.decline(first)
    with pytest.raises(Exception, match=r"^consent\.answered: "):
        filled_wallet.share(second)


def test_of_many_windows_that_share_at_once_one_does(world, filled_wallet):
    request = world.ask()
    questions = [filled_wallet.prepare(request["link"]) for _ in range(4)]
    before = len(contents(filled_wallet)["history"])
    outcomes = []

    def answer(question):
        try:
            filled_wallet._asked()._open.take(question)
        except PassportError as error:
            outcomes.append(error.code)
        else:
            outcomes.append("taken")

    threads = [threading.Thread(target=answer, args=(question,)) for question in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["consent.answered"] * 3 + ["taken"]
    assert len(contents(filled_wallet)["history"]) == before


def test_what_did_not_leave_may_be_answered_again(world, filled_wallet):
    link = world.ask()["link"]
    question = filled_wallet.prepare(link)
    with pytest.raises(Exception, match=r"^consent\.incomplete: "):
        filled_wallet.share(question, ())
    assert isinstance(filled_wallet.consider(link), ConsentQuestion)
    filled_wallet.share(question)


def test_an_answered_request_brought_by_value_is_told_so(world, filled_wallet):
    request = world.ask()
    question = filled_wallet.prepare(request["link"])
    handle = request["link"].partition("request_uri=")[2].rpartition("/")[2]
    token = world.world.desk.request_object(handle)
    filled_wallet.share(question)
    by_value = f"openid4vp://?client_id={question.request.client_id}&request={token}"
    found = filled_wallet.consider(by_value)
    assert (found.kind, found.code) == ("answered", "consent.answered")


def test_a_question_keeps_its_choice_of_boxes_whichever_window(world, filled_wallet):
    link = world.ask()["link"]
    question = filled_wallet.prepare(link)
    kept = question.after(question.ticked - {question.ticks[-1].number})
    again = filled_wallet.choose(kept, {})
    assert again.id == kept.id
    assert again.ticked == kept.ticked
    assert dataclasses.replace(again, records={}) == dataclasses.replace(kept, records={})
