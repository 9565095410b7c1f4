"""Queries, records and answers made up for the tests of DCQL."""

from __future__ import annotations

from healthpassport.protocols.dcql import Answer, HeldClaims

VCT = "https://passport.example/vct/AllergySummary/1"
IDENTITY = {
    "nhsNumber": {"value": "9990000018"},
    "familyName": "Example",
    "givenNames": ["Given"],
    "birthDate": "1958-07-14",
}
ITEMS = [
    {"unit": {"text": "Penicillin"}, "onset": "2001"},
    {"unit": {"text": "Latex"}},
]
FULL = {"vct": VCT, "state": "items", "itemCount": 2, **IDENTITY, "items": ITEMS}
CLAIMS = [
    {"id": "nhs", "path": ["nhsNumber"]},
    {"id": "fam", "path": ["familyName"]},
    {"id": "it", "path": ["items", None, "unit"]},
    {"id": "on", "path": ["items", None, "onset"]},
]
SETS = [["nhs", "fam", "it", "on"], ["nhs", "fam", "it"], ["nhs", "fam"]]


def credential(**changes):
    row = {
        "id": "allergies",
        "format": "dc+sd-jwt",
        "meta": {"vct_values": [VCT]},
        "claims": CLAIMS,
        "claim_sets": SETS,
    }
    row |= changes
    return {name: value for name, value in row.items() if value is not ...}


def query(*credentials, **members):
    return {"credentials": list(credentials or [credential()]), **members}


def held(payload=FULL, reference="a", vct=VCT, **more):
    return HeldClaims(reference, "dc+sd-jwt", vct, payload, **more)


def answer(payload=FULL, disclosed=(), **changes):
    parts = {"format": "dc+sd-jwt", "vct": VCT, "payload": payload} | changes
    return Answer(disclosed=frozenset(disclosed), **parts)


def one_claim(**claim):
    return query(credential(claims=[{"id": "c", "path": ["a"], **claim}], claim_sets=...))
