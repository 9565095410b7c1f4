"""Records that nobody who signs in is given."""

from __future__ import annotations

import pytest
from fhir_examples import PATIENT, UNTRACED, bundle, data
from sign_in_world import LATEX, Asking, SignInSite, stopped


@pytest.mark.parametrize(
    ("patient", "code"),
    [
        (PATIENT | {"deceasedBoolean": True}, "patient.stopped"),
        (PATIENT | {"active": False}, "patient.stopped"),
        (
            PATIENT | {"meta": {"security": [{"code": "R", "system": "http://x.example"}]}},
            "patient.not_found",
        ),
        (PATIENT | {"birthDate": "1958-07-15"}, "patient.not_found"),
        (UNTRACED, "patient.not_found"),
    ],
)
def test_a_record_that_must_not_go_out_does_not(tmp_path, patient, code):
    site = SignInSite(tmp_path, bundles={"a.json": data(bundle(patient, LATEX))})
    wallet = Asking(site)
    wallet.begin()
    stopped(wallet.sign_in(), code)


def test_two_records_that_fit_are_none(tmp_path):
    one = data(bundle(PATIENT, LATEX))
    site = SignInSite(tmp_path, bundles={"a.json": one, "b.json": one})
    wallet = Asking(site)
    wallet.begin()
    stopped(wallet.sign_in(), "patient.not_found")
