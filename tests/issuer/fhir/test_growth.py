"""Time grows with the size of a source, not with its square, whatever its entries name."""

from __future__ import annotations

import pytest
from bounded import within
from fhir_examples import PATIENT, WHO, allergy, bundle, data, listed, medicine

from issuer.fhir import extract

MANY = 1500
SECONDS = 4.0  # about ten times what a slow machine needs; the square of MANY took far longer


def person(number):
    identifier = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": str(9990000000 + number)}
    return PATIENT | {"id": f"p{number}", "identifier": [identifier]}


def nameless(number):
    return {"resourceType": "Patient", "name": [{"family": f"Example {number}"}]}


def by_reference(reference):
    return {"resourceType": "MedicationStatement", "subject": WHO, "medicationReference": reference}


SAME = {"identifier": {"value": "1"}}
PARTS = [{"itemReference": {"reference": "#x", "display": "Example"}}] * 20
SHAPES = {
    "persons": [person(n) for n in range(MANY)]
    + [allergy(patient={"reference": f"Patient/p{n}"}) for n in range(MANY)],
    "persons without a number": [nameless(n) for n in range(MANY)],
    "lists of ended allergies": [listed("Ended allergies", id=f"l{n}") for n in range(MANY)]
    + [allergy(id=f"a{n}") for n in range(MANY)],
    "one id": [allergy(id="a", note=[{"text": str(n)}]) for n in range(MANY)]
    + [listed("Allergies", *["AllergyIntolerance/a"] * MANY)],
    "one identifier": [
        {"resourceType": "Medication", "identifier": [SAME["identifier"]]} for _ in range(MANY)
    ]
    + [by_reference(SAME) for _ in range(MANY)],
    "a ring of orders": [
        medicine(
            kind="MedicationRequest",
            id=f"o{n}",
            intent="order",
            basedOn=[{"reference": f"MedicationRequest/o{(n + 1) % MANY}"}],
        )
        for n in range(MANY)
    ],
    "ingredients": [{"resourceType": "Medication", "id": "m", "ingredient": PARTS}]
    + [by_reference({"reference": "Medication/m"}) for _ in range(MANY)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_many_entries_take_no_more_than_their_share(shape):
    held = data(bundle(*SHAPES[shape]))
    within(SECONDS, lambda: extract(held).report())


def test_of_copies_of_one_person_each_is_theirs_and_another_birth_date_is_somebody_else():
    number = PATIENT["identifier"]
    born = {"resourceType": "Patient", "identifier": number}
    copies = [born | {"birthDate": "1958-07-14"}, born, born | {"birthDate": "1990-01-01"}]
    again = [{"resourceType": "Patient", "gender": "female"}] * 2
    assert len(extract(data(bundle(*copies, *again))).persons) == 3


def test_a_resource_of_the_same_server_is_meant_where_two_share_an_id():
    held = bundle()
    for server in ("a", "b"):
        base = f"https://{server}.example/fhir"
        code = {"text": f"Medicine of {server}"}
        held["entry"] += [
            {
                "fullUrl": f"{base}/Medication/m",
                "resource": {"resourceType": "Medication", "id": "m", "code": code},
            },
            {
                "fullUrl": f"{base}/MedicationStatement/{server}",
                "resource": by_reference({"reference": "Medication/m"}),
            },
        ]
    items = extract(data(held)).report()["sections"]["medications"]["unknown_status"]
    assert [item["text"] for item in items] == ["Medicine of a", "Medicine of b"]
