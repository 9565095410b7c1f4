"""Where a status stands, and what it means."""

import pytest

from healthpassport.errors import StatusError
from healthpassport.status.reference import (
    StatusReference,
    reference,
    require_valid,
    status_name,
)

URI = "https://issuer.example/status/1"


def test_a_reference_is_read_as_it_is_written():
    claims = {"status": StatusReference(URI, 7).claim()}
    assert reference(claims) == StatusReference(URI, 7)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (None, "status.missing"),
        ("status_list", "status.missing"),
        ({}, "status.missing"),
        ({"status_list": []}, "status.reference"),
        ({"status_list": {"idx": 1}}, "status.reference"),
        ({"status_list": {"idx": 1, "uri": 5}}, "status.reference"),
        ({"status_list": {"idx": 1, "uri": "http://issuer.example/1"}}, "status.reference"),
        ({"status_list": {"idx": 1, "uri": "https://" + "a" * 2048}}, "status.reference"),
        ({"status_list": {"uri": URI}}, "status.index"),
        ({"status_list": {"idx": True, "uri": URI}}, "status.index"),
        ({"status_list": {"idx": "1", "uri": URI}}, "status.index"),
        ({"status_list": {"idx": 1.0, "uri": URI}}, "status.index"),
        ({"status_list": {"idx": -1, "uri": URI}}, "status.index"),
    ],
)
def test_a_malformed_reference_is_refused(status, code):
    with pytest.raises(StatusError) as caught:
        reference({"status": status})
    assert caught.value.code == code


def test_only_valid_is_valid():
    require_valid(0)
    for status in range(1, 256):
        with pytest.raises(StatusError) as caught:
            require_valid(status)
        known = {2: "status.suspended", 3: "status.replaced"}
        assert caught.value.code == known.get(status, "status.revoked")


def test_each_status_has_a_word():
    words = [status_name(status) for status in range(5)]
    assert words == ["valid", "withdrawn", "suspended", "replaced", "unknown"]
