"""Somebody whose records make an emergency card, and how a wallet comes by them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from record_examples import AS_OF, SOURCE, SUBJECT, allergies, identity, medicines

from healthpassport.summary import Item, PatientSummary, Record, SectionState

CONTACT = Record(
    "EmergencyContacts",
    SOURCE,
    SectionState.ITEMS,
    AS_OF,
    subject=SUBJECT,
    items=(Item({"text": "Maren Zephyrine"}, {"phone": "01632 960001"}),),
)
HOME = identity(subject=SUBJECT | {"addressLines": ["1 Example Street"], "postcode": "ZZ99 9ZZ"})
HELD = PatientSummary((HOME, allergies(), medicines("current", "stopped"), CONTACT))

KINDS = medicines(*["current"] * 30)
# Doses that do not pack well: a card holds only some of them.
DOSES = tuple(
    replace(item, unit=item.unit | {"dose": hashlib.sha256(bytes([at])).hexdigest()[:40]})
    for at, item in enumerate(KINDS.items)
)
TOO_MUCH = PatientSummary((HOME, allergies(), replace(KINDS, items=DOSES)))


def add(wallet, world, summary):
    offer = world.offer(summary)
    return wallet.accept(wallet.add_offer(offer.link), offer.pin)
