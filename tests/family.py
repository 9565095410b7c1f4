"""A made-up family for the wallet's tests: what a surgery would offer about each of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from simulated_issuer import summary

from healthpassport.summary import Item, PatientSummary, Record, SectionState

NUMBERS = {  # synthetic, and right by modulus 11
    "Quillon": "9990000018",
    "Ann": "9990000026",
    "Beth": "9990000034",
    "Mair": "9990000042",
}
ANN = {"familyName": "Zephyrine", "givenNames": ["Ann"], "birthDate": "2019-05-02"}
BETH = {"familyName": "Zephyrine", "givenNames": ["Beth"], "birthDate": "2019-05-02"}
MAIR = {"familyName": "Morgan", "givenNames": ["Mair"], "birthDate": "1944-02-29"}


def numbered(subject: dict, *, verified: bool = True) -> dict:
    """The subject with the NHS number that goes with the name."""
    value = {"value": NUMBERS[subject["givenNames"][0]]}
    return {**subject, "nhsNumber": value | {"verificationStatus": "01" if verified else "02"}}


def about(subject: dict, *allergies: str, as_of: date | None = None) -> PatientSummary:
    """Identity and allergies of ``subject``."""
    made = [replace(record, subject=subject) for record in summary().records]
    if allergies:
        made[1] = replace(made[1], items=tuple(Item({"text": text}) for text in allergies))
    if as_of is not None:
        made = [replace(record, as_of=as_of) for record in made]
    return PatientSummary(tuple(made))


def with_proxy(made: PatientSummary, name: str, end: str | None = None) -> PatientSummary:
    """The summary with somebody who may act for the person."""
    one = made.records[0]
    unit = {"text": name, "status": "active", "relationship": {"text": "Parent"}}
    proxy = Record(
        type="ProxyAuthority",
        source=one.source,
        state=SectionState.ITEMS,
        as_of=one.as_of,
        subject=one.subject,
        items=(Item(unit | ({"end": end} if end else {})),),
    )
    return PatientSummary((*made.records, proxy))
