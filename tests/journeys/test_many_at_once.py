"""Many presentations side by side at one desk (rel-008): each result is that of its own patient.

``PASSPORT_PRESENTATIONS=200`` for the figure; how long they take is measured by the load script.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgi_calls import call
from desk_world import handle_of, identity, make_desk, make_world, wallet_with
from record_examples import SUBJECT, allergies

from healthpassport.summary import Item
from verifier import api

COUNT = int(os.environ.get("PASSPORT_PRESENTATIONS", "40"))
THREADS = 16
FORM = {"content-type": "application/x-www-form-urlencoded"}
WARDS = ("ward", "clinic")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    world = make_world(folder)
    home = folder / "desk"
    home.mkdir()
    keys = {ward: hashlib.sha256(f"{ward}-key".encode()).hexdigest() for ward in WARDS}
    (home / "api-keys.json").write_text(json.dumps(keys))
    desk = make_desk(world, home)
    yield world, desk, api.create_app(desk.settings, desk=desk)
    desk.shut()


def patient(number):
    """The name and the allergy that nobody else has."""
    return f"Canary{number:04d}name", f"Canary{number:04d}drug"


def presented(served, number):
    """One patient from the question to the result: statuses on the way, and what staff see."""
    world, desk, app = served
    name, drug = patient(number)
    person = SUBJECT | {"familyName": name}
    own = allergies(subject=person, items=(Item({"text": drug}),))
    wallet = wallet_with(world, identity(familyName=name), own)
    key = {"x-api-key": f"{WARDS[number % 2]}-key"}
    made = call(app, "POST", "/requests", headers=key, body={"template": "emergency_admission"})
    assert made.status == 201, made.text
    link, place = made.json["link"], f"/requests/{made.json['id']}"
    trust = desk.lists.views(desk.clock()).trust
    body = wallet.answer(wallet.read(desk, link, trust))
    sent = call(app, "POST", f"/oid4vp/responses/{handle_of(link)}", headers=FORM, body=body)
    seen = call(app, "GET", place, headers=key)
    other = call(app, "GET", place, headers={"x-api-key": f"{WARDS[(number + 1) % 2]}-key"})
    return (made.status, sent.status, seen.status, other.status), seen.text


def test_rel_008_every_result_is_that_of_its_own_patient_and_nobody_elses(served):
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda number: presented(served, number), range(COUNT)))
    assert {statuses for statuses, _ in found} == {(201, 200, 200, 404)}
    for number, (_, text) in enumerate(found):
        name, drug = patient(number)
        assert name in text
        assert drug in text
        assert text.count("Canary") == text.count(name) + text.count(drug)
