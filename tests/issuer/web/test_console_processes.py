"""Two consoles over one PostgreSQL stand for two processes: either goes on with what one began."""

from __future__ import annotations

import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from console_kept import ticked
from console_many import NOBODY, recipient
from console_uploads import sent
from console_world import NUMBER, Practice, Walk, refused
from simulated_issuer import Site

from healthpassport.errors import ServiceError, SettingsError
from issuer.service import shelves
from issuer.service.console import handing, open_console
from issuer.service.console.many import STEP_LINES
from issuer.service.erasure import Hunt, Values
from issuer.service.erasure_places import HELD, look
from issuer.store.staff_tables import console_kept
from issuer.web import create_app

AWAY = 61  # minutes after which what is prepared is over


@pytest.fixture(scope="module")
def pair(tmp_path_factory, postgresql):
    """Two processes of one practice, as far as their objects go."""
    changes = {"database": None, "database_url": postgresql.issuer_database()}
    one = Practice(tmp_path_factory.mktemp("practice"), changes=changes)
    other = copy.copy(one)
    other.site = Site.__new__(Site)
    for name in ("folder", "changes", "settings", "api_key", "now"):
        setattr(other.site, name, getattr(one.site, name))
    other.site.reopen()
    other.issuer = other.site.issuer
    other.console = open_console(other.issuer, fetcher=one.provider)
    other.app = create_app(other.console)
    yield one, other
    for each in (one, other):
        each.issuer.store.close()


@pytest.fixture
def staff(pair):
    """One clinician, of the same session, as each process sees them."""
    here = pair[0].browser("clinician")
    return Walk(here), Walk(replace(here, practice=pair[1]))


def test_each_step_with_a_patient_may_be_taken_in_another_process(staff):
    here, there = staff
    search, _ = here.found()
    where = there.browser.post("/find/open", search=search, place="0").headers["location"]
    assert where in here.browser.get("/").text
    here.identified(where)
    first, second = (one.browser.get(where).text for one in (here, there))
    assert first == second
    assert there.signed(where).status == 303
    handed = here.handed(where).headers["location"]
    pin = there.pin(handed)
    assert len(pin) == 6
    refused(here.browser.post(f"{handed}/pin"), "console.pin_told", 410)
    assert here.link(here.browser.get(handed).text) == there.link(there.browser.get(handed).text)
    for one in staff:
        assert one.browser.get(where).headers["location"] == handed


def test_a_form_sent_to_two_processes_at_once_makes_one_offer(staff):
    here, _ = staff
    where = here.opened()
    here.identified(where)
    here.signed(where)
    start = threading.Barrier(2)

    def hand(walk):
        start.wait()
        return walk.handed(where).headers["location"]

    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(hand, staff))) == 1


def test_what_one_process_dropped_is_gone_in_the_other(staff):
    here, there = staff
    where = here.opened()
    there.identified(where)
    assert there.browser.post(f"{where}/drop").status == 303
    refused(here.browser.get(where), "console.gone", 404)
    refused(here.signed(where), "console.gone", 404)


def test_a_card_made_in_one_process_is_printed_by_the_other(staff):
    here, there = staff
    where = here.opened()
    here.identified(where)
    choices = ticked(here.browser.get(f"{where}/card").text)
    card = there.browser.post(f"{where}/card", choices, do="make").headers["location"]
    assert "<svg" in here.browser.get(f"{card}/print").text
    assert here.browser.post(f"{card}/forget").status == 303
    refused(there.browser.get(card), "card.forgotten")


def test_a_list_is_read_on_and_started_by_another_process(pair, monkeypatch):
    monkeypatch.setattr("issuer.service.console.many.STEP_LINES", 1)
    assert STEP_LINES > 1
    here = pair[0].browser("admin")
    there = replace(here, practice=pair[1])
    where = sent(here, "/many/plan", lines=f"{NUMBER}\n{NOBODY}\n").headers["location"]
    public, _ = recipient()
    refused(there.post(f"{where}/start", recipient=public), "console.unplanned", 409)
    assert there.post(f"{where}/more").status == 303
    first, second = (one.get(where).text for one in (here, there))
    assert first == second
    started = [
        one.post(f"{where}/start", recipient=public).headers["location"] for one in (here, there)
    ]
    assert len(set(started)) == 1


def test_what_is_in_hand_is_sealed_bound_to_its_name_and_found_by_whoever_has_the_key(pair, staff):
    one, other = pair
    where = staff[0].opened()
    values = Values(frozenset({NUMBER, "Ashdown"}), 0)
    found = {place.place: place.found for place in look(other.issuer, Hunt(values)) if place.found}
    assert found == {HELD: 2}
    name = where.rsplit("/", 1)[1]
    mine = console_kept.c.name == name
    with one.issuer.store.writing() as tx:
        tx.execute(sa.update(console_kept).where(mine).values(name=f"x{name[1:]}"))
    refused(staff[1].browser.get(f"/prepared/x{name[1:]}"), "issuer.database", 500)
    with one.issuer.store.writing() as tx:
        tx.execute(sa.delete(console_kept).where(console_kept.c.name == f"x{name[1:]}"))


def test_without_the_key_nothing_opens(pair, staff, tmp_path):
    one, _ = pair
    where = staff[0].opened()
    (tmp_path / "queue.key").write_text("A" * 43)
    stranger = replace(
        one.issuer,
        settings=one.issuer.settings.model_copy(update={"queue_key": tmp_path / "queue.key"}),
    )
    with pytest.raises(ServiceError, match=r"issuer\.database"):
        list(shelves.opened_pieces(stranger))
    (tmp_path / "queue.key").write_text("short")
    with pytest.raises(SettingsError, match=r"issuer\.queue_key"):
        open_console(stranger)
    staff[0].browser.post(f"{where}/drop")


def test_what_another_release_would_understand_differently_is_not_shown(pair, staff, monkeypatch):
    here, there = staff
    where = here.opened()
    monkeypatch.setattr("issuer.service.console.readings.understood", lambda _: "another digest")
    pair[1].console.preparations._readings._known.clear()
    refused(there.browser.get(where), "console.gone", 404)
    monkeypatch.undo()
    assert there.browser.get(where).status == 200


def test_who_was_killed_at_a_long_step_holds_nobody_up_for_long(pair):
    one, other = pair
    where = sent(one.browser("admin"), "/many/plan", lines=f"{NUMBER}\n").headers["location"]
    name = where.rsplit("/", 1)[1]
    with one.issuer.store.writing() as tx:
        values = {"claim": "gone", "claimed_until": one.issuer.now() + shelves.CLAIMED}
        tx.execute(sa.update(console_kept).where(console_kept.c.name == name).values(values))
    there = replace(one.browser("admin"), practice=other)
    public, _ = recipient()
    refused(there.post(f"{where}/start", recipient=public), "console.busy", 409)
    other.site.pass_time(seconds=shelves.CLAIMED)
    assert there.post(f"{where}/start", recipient=public).status == 303
    other.site.now = one.site.now


def test_a_hand_over_that_is_dropped_in_another_process_makes_no_offer(pair, staff, monkeypatch):
    here, there = staff
    where = here.opened()
    here.identified(where)
    here.signed(where)
    real, once = handing.prepare_offer, [f"{where}/drop"]

    def slow(*args, **more):
        made = real(*args, **more)
        if once:
            there.browser.post(once.pop())
        return made

    monkeypatch.setattr(handing, "prepare_offer", slow)
    refused(here.handed(where), "console.gone", 404)


def test_what_is_over_is_erased_by_the_work_in_the_background(pair, staff):
    one, other = pair
    where = staff[0].opened()
    other.site.pass_time(minutes=AWAY)
    try:
        assert shelves.forget_ended(other.issuer) > 0
        with one.issuer.store.reading() as tx:
            kinds = set(tx.execute(sa.select(console_kept.c.kind)).scalars())
        assert "preparation" not in kinds
        refused(staff[0].browser.get(where), "console.gone", 404)
    finally:
        other.site.now = one.site.now
