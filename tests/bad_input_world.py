"""A counter with a desk, its two applications and a wallet in front of it, for bad input.

What is *not* here: what goes wrong (tests/journeys).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from asgi_calls import Answer, call
from desk_world import (
    Clock,
    Wallet,
    World,
    handle_of,
    identity,
    make_desk,
    seal,
    wallet_with,
)
from record_examples import SUBJECT, allergies, medicines

from healthpassport.credential import Challenge, Presentation
from healthpassport.errors import catalogue
from healthpassport.protocols.oid4vp import build_vp_token
from healthpassport.summary import Item
from verifier import api, web
from verifier.service import TransactionView
from verifier.service.sides import SIDES
from verifier.web.app import DESK

FORM = {"content-type": "application/x-www-form-urlencoded"}
OWN = FORM | {"origin": "http://localhost"}
# Words of the records in play: none may be seen where the record that holds them failed.
NAME, ALLERGY, ALLERGY_2, MEDICINE = "Canarysurname", "Canarillin", "Canarex", "Canaryprazole"
OTHER_NAME = "Otherperson"
PERSON = SUBJECT | {"familyName": NAME}
OTHER = {
    "nhsNumber": {"value": "9990000026", "verificationStatus": "01"},
    "familyName": OTHER_NAME,
    "givenNames": ["Another"],
    "birthDate": "1970-01-01",
}
CONTENT = (NAME, ALLERGY, ALLERGY_2, MEDICINE, OTHER_NAME, "9990000018", "9990000026")


def of_allergies(**changes: Any):
    units = ({"text": ALLERGY, "clinicalStatus": "active"}, {"text": ALLERGY_2})
    return allergies(**({"subject": PERSON, "items": tuple(map(Item, units))} | changes))


def of_medicines(**changes: Any):
    made = medicines("current", **changes)
    return replace(made, subject=PERSON, items=(Item({"text": MEDICINE, "group": "current"}),))


def of_person(**changes: Any):
    return replace(identity(), subject=PERSON | changes)


@dataclass
class Counter:
    """One desk with its two applications, one question, and a wallet in front of it."""

    world: World
    home: Any
    clock: Clock

    def __post_init__(self) -> None:
        self.desk = make_desk(self.world, self.home, clock=self.clock)
        self.pages = web.create_app(self.desk.settings, self.desk)
        self.wallets = api.create_app(self.desk.settings, desk=self.desk)
        self.wallet = wallet_with(self.world, of_person(), of_allergies(), of_medicines())

    def ask(self, template: str = "emergency_admission") -> TransactionView:
        self.view = self.desk.ask(template, desk=DESK)
        trust = self.desk.lists.views(self.view.created_at).trust
        self.request = self.wallet.read(self.desk, self.view.link, trust)
        return self.view

    def presentation(self, wallet: Wallet | None = None, **how: Any) -> Presentation:
        challenge = Challenge(self.request.nonce, self.request.client_id)
        return (wallet or self.wallet).presentation(self.request.query, challenge, **how)

    def post(self, body: bytes, headers: Any = FORM) -> Answer:
        path = f"/oid4vp/responses/{handle_of(self.view.link)}"
        return call(self.wallets, "POST", path, headers=headers, body=body)

    def share(self, shown: Presentation, *, state: str | None = None) -> Answer:
        token = build_vp_token(shown, state=state or self.request.state)
        return self.post(seal(self.request, token))

    def page(self, path: str = "") -> str:
        answer = call(self.pages, "GET", f"/requests/{self.view.id}{path}")
        assert answer.status < 500
        return answer.text

    def files(self) -> bytes:
        return b"".join(
            path.read_bytes()
            for path in self.home.rglob("*")
            if path.is_file() and "trust" not in path.parts
        )


def found_in(text: str | bytes) -> set[str]:
    """Which words of the records stand in ``text``, in any spelling that a page gives them."""
    raw = text.encode() if isinstance(text, str) else text
    flat = raw.lower().replace(b" ", b"")
    return {word for word in CONTENT if word.lower().encode() in flat}


def told(answer: Answer, code: str) -> None:
    """The wallet's side of a refusal: what, whose side, the next step, and no content."""
    entry = catalogue()[code]
    assert (answer.status, answer.json["code"]) == (entry.status, code)
    assert answer.json["party"] == entry.party
    assert answer.json["help"] == entry.hint
    assert not found_in(answer.body)


def shown(page: str, code: str) -> None:
    """The staff's side of it."""
    entry = catalogue()[code]
    words = re.sub(r"\s+", " ", page.replace("&#39;", "'"))
    assert entry.title in words
    assert entry.hint in words
    assert SIDES[entry.party] in words


def nothing_kept(counter: Counter) -> None:
    assert not found_in(counter.files())
    close = f"/requests/{counter.view.id}/close"
    assert call(counter.pages, "POST", close, headers=OWN).status == 303
    assert not found_in(counter.page())
    assert not found_in(call(counter.pages, "GET", "/today").body)
    assert not found_in(counter.files())
