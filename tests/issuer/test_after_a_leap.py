"""What was signed by a clock that had leapt: lists, their files, and heads of the audit trail."""

from __future__ import annotations

import pytest
from emptied_site import emptied, made_in
from returning_wallet import Returning, offered

from healthpassport.errors import ServiceError
from issuer import service
from issuer.service import Change, audit_keeping, change_status
from issuer.service.bitstrings import published_bitstring
from issuer.service.in_time import sweep_in_time
from issuer.service.list_files import publish_files
from issuer.service.token_lists import published_list
from issuer.store import audit

LEAP = {"days": 3_650}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    yield from made_in(tmp_path_factory.mktemp("home"))


@pytest.fixture
def site(home):
    return emptied(home)


def lived(site):
    """A record that was collected; the clock was seen."""
    wallet = Returning.of(site, offered(site))
    wallet.accept(wallet.ask_credential())
    sweep_in_time(site.issuer)


def test_lists_that_were_signed_in_a_leap_are_served_no_longer_than_it_lasts(site):
    lived(site)
    site.pass_time(**LEAP)
    ahead = published_list(site.issuer, 1), published_bitstring(site.issuer, 1)
    site.pass_time(days=-3_650)
    again = published_list(site.issuer, 1), published_bitstring(site.issuer, 1)
    assert [one.issued_at - site.issuer.now() for one in ahead] == [3_650 * 86_400] * 2
    assert {one.issued_at for one in again} == {site.issuer.now()}
    site.pass_time(seconds=-60)  # a desk that has the newer one takes no older one
    later = published_list(site.issuer, 1), published_bitstring(site.issuer, 1)
    assert later == again


def test_files_that_were_signed_in_a_leap_hold_up_no_withdrawal(site, tmp_path):
    lived(site)
    [issuance] = {one.id for one in service.issued(site.issuer, limit=1)}
    site.pass_time(**LEAP)
    publish_files(site.issuer, tmp_path)
    site.pass_time(days=-3_650)
    change_status(site.issuer, issuance=issuance, change=Change.WITHDRAW)
    assert all(one.written for one in publish_files(site.issuer, tmp_path))
    site.pass_time(days=-15)  # now it is this clock that is wrong
    site.issuer.published.clear()
    with pytest.raises(ServiceError, match=r"^issuer\.list_older"):
        publish_files(site.issuer, tmp_path)


def test_the_audit_trail_is_signed_again_after_a_leap(site):
    lived(site)
    site.pass_time(**LEAP)
    audit_keeping.head(site.issuer)
    site.pass_time(days=-3_650)
    offered(site)
    sweep_in_time(site.issuer)
    with site.issuer.store.reading() as tx:
        assert audit.newest_head(tx).at == site.now
