"""What tests of the record system do at a desk: an answered request, a look, an addition."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from desk_world import full_wallet, opened, post, wallet_with

from verifier.service.gate import GatedDesk
from verifier.service.record_writing import add_to_record, find_patients
from verifier.service.staff import Role, this_machine


def write_key(path, key):
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def answered(world, desk, *records, name="ward"):
    wallet = wallet_with(world, *records) if records else full_wallet(world)
    view, request = opened(desk, wallet, name=name)
    post(desk, view, wallet.answer(request))
    return view


def clinician(desk):
    """The desk as a clinician at one trusted machine may use it."""
    return GatedDesk(desk, this_machine(Role.CLINICIAN))


def found(desk, view, name="ward"):
    return find_patients(clinician(desk), view.id, name=name).candidates


def added(desk, view, patient="p1", agreed=(), *, name="ward", seen=None):
    who = clinician(desk)
    return add_to_record(who, view.id, name=name, patient_id=patient, agreed=agreed, seen=seen)
