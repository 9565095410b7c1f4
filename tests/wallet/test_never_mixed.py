"""Whatever is held and whatever is asked, an answer holds one person's records."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from family import ANN, BETH, MAIR, numbered
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulated_issuer import summary

from healthpassport.credential import VerifiedIssuer
from healthpassport.errors import PassportError
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import generate_signer
from healthpassport.protocols.dcql import Query
from healthpassport.requests import VerifiedRequest
from healthpassport.summary import definition, from_payload, to_payload
from schemas.queries import request_query, templates
from wallet.client.checking import CheckedCopy, CheckedRecord
from wallet.consent import ask, chosen
from wallet.service import WhichPersonError
from wallet.service.choosing import PersonHeld, people_held, which
from wallet.service.passports import read_passports, settled
from wallet.service.shelf import add_record
from wallet.service.surroundings import Surroundings
from wallet.service.whose import Kin, compare, subject_of
from wallet.vault import KdfCost, Vault

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
KEY = generate_signer()
# Twins of one birth date and family name, with numbers and without; a grandmother; a namesake.
PEOPLE = (
    numbered(ANN),
    numbered(BETH),
    ANN,
    BETH,
    {name: value for name, value in ANN.items() if name != "givenNames"},
    numbered(MAIR),
    {**numbered(MAIR), "familyName": "Married"},
    {**MAIR, "birthDate": "2019-05-02"},
)
KINDS = ("PatientIdentity", "AllergySummary")


def checked(subject, kind, iss="https://issuer.example") -> CheckedRecord:
    """A record as a wallet keeps it, with one copy."""
    known = definition(kind)
    made = next(r for r in summary().records if r.type == kind)
    payload = to_payload(replace(made, subject=subject, as_of=date(2026, 10, 30)))
    until = NOW + timedelta(days=30)
    text = sd_jwt_vc.issue(
        payload=payload,
        disclosable=known.disclosures,
        signer=KEY,
        iss=iss,
        holder_jwk=KEY.public_key.jwk(),
        issued_at=NOW,
        expires_at=until,
        salts=secrets.token_bytes,
    )
    issuer = VerifiedIssuer(iss, "A12345", iss.removeprefix("https://"))
    copies = (CheckedCopy("dc+sd-jwt", text, KEY),)
    return CheckedRecord(known, issuer, payload, from_payload(payload), NOW, until, copies)


@pytest.fixture(scope="module")
def around(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    return Surroundings(
        vault_file=folder / "wallet" / "vault.db",
        anchor_folder=folder / "anchors",
        trust_folder=folder / "trust",
        fetcher=None,
        trust_url="",
        trust_root=None,
        clock=lambda: NOW,
    )


@pytest.fixture(scope="module")
def vault(around):
    made = Vault.create(
        around.vault_file,
        passphrase="three made-up words",
        anchor_folder=around.anchor_folder,
        clock=around.clock,
        random=around.random,
        cost=KdfCost(),
    )
    made.unlock("three made-up words")
    yield made
    made.close()


@pytest.fixture(scope="module")
def everything():
    """Every record that a test may hold, signed once."""
    return {(who, kind): checked(PEOPLE[who], kind) for who in range(len(PEOPLE)) for kind in KINDS}


def fill(vault, records):
    """A wallet from before there were passports, with ``records``."""
    with vault.transaction() as writer:
        for table in ("records", "copies", "people"):
            for row in tuple(writer.index.tables[table]):
                writer.delete(table, row)
        for place, record in enumerate(records):
            add_record(writer, vault, record, now=NOW + timedelta(seconds=place))


HELD = st.lists(
    st.tuples(st.integers(0, len(PEOPLE) - 1), st.sampled_from(KINDS)), max_size=7, unique=True
)
SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(held=HELD)
def test_no_passport_holds_what_is_not_surely_one_persons(vault, everything, held):
    fill(vault, [everything[one] for one in held])
    groups = {}
    for record in settled(vault):
        groups.setdefault(record.person, []).append(subject_of(record.payload))
    assert set(groups) == {one.id for one in read_passports(vault)}
    for subjects in groups.values():
        for one in subjects:
            found = {compare(one, other) for other in subjects if other is not one}
            assert Kin.DIFFERENT not in found
            assert len(subjects) == 1 or Kin.SAME in found


def request_for(query) -> VerifiedRequest:
    values = dict.fromkeys(VerifiedRequest.__dataclass_fields__)
    return VerifiedRequest(
        **values
        | {
            "client_id": "x509_hash:a",
            "name": "Example Hospital",
            "ods": "RXX",
            "purpose": "emergency",
            "retention": "It is kept with your hospital notes, as the law asks.",
            "query": query,
            "over_asked": (),
            "nonce": secrets.token_urlsafe(16),
        }
    )


def some_query(ids, multiple):
    """A part of a real template's query, each part optional; some take several records."""
    whole = request_query(templates()["emergency_admission"])
    rows = [
        row | ({"multiple": True} if multiple else {})
        for row in whole["credentials"]
        if row["id"] in ids
    ]
    sets = [{"options": [[row["id"]]], "required": False} for row in rows]
    return Query.parse(json.loads(json.dumps({"credentials": rows, "credential_sets": sets})))


@SLOW
@given(
    held=HELD,
    asked=st.builds(
        some_query,
        st.sets(st.sampled_from(["identity", "allergies", "medications"]), min_size=1),
        st.booleans(),
    ),
    data=st.data(),
)
def test_an_answer_never_holds_two_peoples_records(  # noqa: PLR0917 - what hypothesis draws
    vault, around, everything, held, asked, data
):
    fill(vault, [everything[one] for one in held])
    people = people_held(vault, around)
    request = request_for(asked)

    def about(one: PersonHeld | None):
        return ask(
            request,
            question_id="q",
            records=one.records if one is not None else (),
            unticked=(),
            language="en",
            now=NOW,
        )

    wanted = data.draw(st.sampled_from([None, *(one.passport.id for one in people)]))
    try:
        question = which(people, wanted, language="en", ask=about)
    except WhichPersonError as error:
        assert wanted is None
        assert len(error.choices) > 1  # noqa: PT017
        return
    numbers = data.draw(st.sets(st.sampled_from([0, *(t.number for t in question.ticks)])))
    told = [r for found in question.records.values() for r in found]
    try:
        told += [one.record for one in chosen(question, numbers)]
    except PassportError as error:
        assert error.code in {"consent.incomplete", "wallet.nothing_to_share"}  # noqa: PT017
    subjects = [subject_of(record.held.payload) for record in told]
    assert all(compare(one, other) is not Kin.DIFFERENT for one in subjects for other in subjects)
    own = {int(record.reference) for record in told}
    owners = {
        one.passport.id for one in people if own & {int(record.reference) for record in one.records}
    }
    assert len(owners) <= 1
    if owners:
        assert owners == {question.person}
