"""Every statement of the store names one organisation, and what another one has is not there.

The statements are those that SQLAlchemy sends, not those that were meant. A public method without
a line in ``CALLS`` fails the first test, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import inspect
import re
import types
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from past_desk import database_at
from ready_store import lay_desk

from healthpassport.audit import KeptHead, Sealed
from healthpassport.errors import ServiceError
from healthpassport.sign_in import SessionRow, SignInRow
from verifier import store as package
from verifier.settings import MAIN
from verifier.store import (
    Note,
    Row,
    SealedRow,
    Store,
    Wanted,
    open_store,
)
from verifier.store.tables import METADATA

NOW = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
ROW = Row(
    id="id-1",
    handle="handle-1",
    desk="ward",
    short_code="AAAA-AAAA",
    template="emergency_admission",
    nonce="nonce-1",
    state="state-1",
    progress="waiting",
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=5),
)
ENTRY = Sealed(1, NOW, "result.viewed", "", "{}", "hash-1")
SIGN_IN = SignInRow("state", "browser", "nonce", "verifier", "issuer", "/", NOW)
SESSION = SessionRow("digest", "subject", "name", "clerk", "oidc", NOW, NOW, NOW)
HEAD = KeptHead(1, NOW, "token")
NOTE = Note("receipt-1", "presentation", "RXX01", NOW, "digest", "digest")
HELD = SealedRow(b"sealed", NOW + timedelta(minutes=6), tries_left=3, answered=True)

# How each public method is called; what it is called on is bound to one organisation.
CALLS = {
    "Store.add": lambda s: s.add(ROW),
    "Store.of_desk": lambda s: s.of_desk(ROW.id, desk="ward"),
    "Store.by_handle": lambda s: s.by_handle(ROW.handle),
    "Store.by_short_code": lambda s: s.by_short_code(ROW.short_code),
    "Store.mark_fetched": lambda s: s.mark_fetched(ROW.handle, now=NOW),
    "Store.settle": lambda s: s.settle(ROW.handle, progress="answered", code=None, now=NOW),
    "Store.finish": lambda s: s.finish(ROW.id, progress="closed"),
    "Store.lose_open": lambda s: s.lose_open(),
    "Store.recent": lambda s: s.recent(desk="ward"),
    "Store.check": lambda s: s.check(),
    "Store.tenant_of": lambda s: s.tenant_of(ROW.handle, among={s.tenant}),
    "Store.tenant_of_code": lambda s: s.tenant_of_code(ROW.short_code, among={s.tenant}),
    "KeyUses.note": lambda s: s.key_uses.note("ward", NOW.date()),
    "KeyUses.forget": lambda s: s.key_uses.forget("ward"),
    "KeyUses.days": lambda s: s.key_uses.days(),
    "AuditEntries.begin": lambda s: s.audit.begin("trail", "first"),
    "AuditEntries.append": lambda s: s.audit.append(lambda _place: ENTRY),
    "AuditEntries.last": lambda s: s.audit.last(),
    "AuditEntries.all": lambda s: list(s.audit.all()),
    "AuditEntries.find": lambda s: s.audit.find(
        Wanted(since=NOW, until=NOW, event="e", person="p")
    ),
    "AuditEntries.keep_head": lambda s: s.audit.keep_head(HEAD),
    "AuditEntries.heads": lambda s: s.audit.heads(),
    "AuditEntries.last_before": lambda s: s.audit.last_before(NOW),
    "AuditEntries.cut": lambda s: s.audit.cut(HEAD),
    "StaffRows.begin": lambda s: s.staff.begin(SIGN_IN, now=NOW, limit=9),
    "StaffRows.take": lambda s: s.staff.take("state", now=NOW),
    "StaffRows.add_session": lambda s: s.staff.add_session(SESSION, now=NOW),
    "StaffRows.session": lambda s: s.staff.session("digest"),
    "StaffRows.seen": lambda s: s.staff.seen("digest", now=NOW),
    "StaffRows.end_session": lambda s: s.staff.end_session("digest"),
    "StaffRows.replace_codes": lambda s: s.staff.replace_codes(("digest",), now=NOW),
    "StaffRows.use_code": lambda s: s.staff.use_code("digest"),
    "StaffRows.codes_left": lambda s: s.staff.codes_left(),
    "StaffRows.open": lambda s: s.staff.open(
        ROW.id, "reader", relationship="referred", now=NOW, stale=NOW
    ),
    "StaffRows.opened": lambda s: s.staff.opened(ROW.id, "reader"),
    "ReceiptNotes.add": lambda s: s.receipts.add(NOTE, forget_before=NOW),
    "ReceiptNotes.find": lambda s: s.receipts.find(NOTE.id),
    "ReceiptNotes.recent": lambda s: s.receipts.recent(),
    "Outbox.watch": lambda s: s.webhooks.watch("id-2", desk="d", url="u", told="waiting", now=NOW),
    "Outbox.note_changes": lambda s: s.webhooks.note_changes(now=NOW, compose=lambda i, _: (i, "")),
    "Outbox.claim": lambda s: s.webhooks.claim(now=NOW, lease=timedelta(minutes=1), limit=1),
    "Outbox.sent": lambda s: s.webhooks.sent("msg"),
    "Outbox.put_off": lambda s: s.webhooks.put_off("msg", due_at=NOW, problem="x"),
    "Outbox.give_up": lambda s: s.webhooks.give_up("msg", problem="x"),
    "Outbox.retry": lambda s: s.webhooks.retry("msg", now=NOW),
    "Outbox.messages": lambda s: s.webhooks.messages(),
    "Outbox.purge": lambda s: s.webhooks.purge(now=NOW),
    "HeldRows.add": lambda s: s.held.add(ROW.id, HELD),
    "HeldRows.replace": lambda s: s.held.replace(ROW.id, HELD),
    "HeldRows.get": lambda s: s.held.get(ROW.id, now=NOW),
    "HeldRows.spend_try": lambda s: s.held.spend_try(ROW.id),
    "HeldRows.drop": lambda s: s.held.drop(ROW.id),
    "HeldRows.drop_due": lambda s: s.held.drop_due(NOW),
    "HeldRows.count": lambda s: s.held.count(),
    "HeldRows.newest": lambda s: s.held.newest(),
}
ACROSS = {"Store.sweep": "lets go of old rows of every organisation"}
WITHOUT_SQL = {
    "Store.for_tenant",
    "Store.together",
    "Store.close",
    "Changes.watching",
    "Changes.note",
    "Changes.ring",
    "Changes.ring_all",
    "Changes.close",
    "AuditEntries.together",
}


def sealed(place):
    return replace(ENTRY, seq=place.seq)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(tmp_path, request):
    url = request.getfixturevalue("database_url") if request.param == "postgresql" else ""
    path = tmp_path / "verifier.sqlite"
    if not url:
        lay_desk(path)
    opened = open_store(path, url=url)
    yield opened
    opened.close()


@pytest.fixture
def north(store):
    return store.for_tenant("north")


@pytest.fixture
def south(store):
    return store.for_tenant("south")


@contextmanager
def statements(store):
    seen = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if not statement.startswith(("PRAGMA", "SAVEPOINT", "RELEASE", "SELECT pg_notify")):
            named = isinstance(parameters, dict)
            seen.append((statement, tuple(parameters.values()) if named else parameters))

    sa.event.listen(store._engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(store._engine, "before_cursor_execute", note)


def nouns():
    """The classes of the store that hold a database, wherever in the package they stand."""
    modules = [m for m in vars(package).values() if isinstance(m, types.ModuleType)]
    found = {c for m in modules for c in vars(m).values() if inspect.isclass(c)}
    mine = [c for c in found if c.__module__.startswith("verifier.store.")]
    return [c for c in mine if "engine" in inspect.signature(c).parameters]


def test_every_public_method_of_the_store_is_looked_at():
    methods = {
        f"{noun.__name__}.{name}"
        for noun in nouns()
        for name, _ in inspect.getmembers(noun, inspect.isfunction)
        if not name.startswith("_")
    }
    assert methods == CALLS.keys() | ACROSS.keys() | WITHOUT_SQL


def held(statement):
    """What a statement is held to: its condition, or the columns of an INSERT."""
    if statement.startswith("INSERT"):
        return statement.partition(" VALUES ")[0]
    return re.split(r"\sWHERE\s", statement, maxsplit=1)[-1] if "WHERE" in statement else ""


def names_tenant(statement, parameters, tenant):
    return bool(re.search(r"\btenant\b", held(statement))) and tenant in parameters


@pytest.mark.parametrize("name", CALLS)
def test_every_statement_names_the_organisation(store, north, name):
    north.add(ROW)
    north.receipts.add(NOTE, forget_before=NOW - timedelta(days=1))
    north.held.add(ROW.id, HELD)
    if name.startswith("AuditEntries") and not name.endswith("begin"):
        north.audit.begin("trail", "first")
    with statements(store) as seen:
        try:
            CALLS[name](north)
        except (sa.exc.IntegrityError, ServiceError):
            assert name.endswith((".add", ".retry"))  # the second of its kind, or none
    assert seen
    for statement, parameters in seen:
        assert names_tenant(statement, parameters, "north"), statement


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("SELECT t.tenant, t.id FROM t WHERE t.id = ?", ("north",)),
        ("SELECT t.id FROM t", ()),
        ("DELETE FROM t", ()),
        ("UPDATE t SET tenant=? WHERE t.id = ?", ("north", "1")),
        ("INSERT INTO t (id) VALUES (?)", ("north",)),
        ("DELETE FROM t WHERE t.tenant = ?", ("south",)),
    ],
)
def test_the_look_at_a_statement_finds_one_that_names_nobody(statement, parameters):
    assert not names_tenant(statement, parameters, "north")


def test_rows_of_one_organisation_are_not_there_for_another(north, south):
    north.add(ROW)
    north.receipts.add(NOTE, forget_before=NOW - timedelta(days=1))
    for call, code in (
        (lambda: south.of_desk(ROW.id, desk="ward"), "not_found"),
        (lambda: south.by_handle(ROW.handle), "transaction.unknown"),
        (lambda: south.by_short_code(ROW.short_code), "transaction.unknown"),
    ):
        with pytest.raises(ServiceError) as caught:
            call()
        assert caught.value.code == code
    assert south.recent(desk="ward") == ()
    assert south.receipts.find(NOTE.id) is None
    assert south.receipts.recent() == ()


def test_who_is_signed_in_at_one_organisation_is_nobody_at_another(north, south):
    north.staff.add_session(SESSION, now=NOW - timedelta(minutes=1))
    north.staff.begin(SIGN_IN, now=NOW - timedelta(minutes=1), limit=9)
    north.staff.replace_codes(("digest",), now=NOW)
    north.staff.open(ROW.id, "reader", relationship="referred", now=NOW, stale=NOW)
    assert south.staff.session("digest") is None
    assert south.staff.take("state", now=NOW - timedelta(minutes=1)) is None
    assert not south.staff.use_code("digest")
    assert south.staff.opened(ROW.id, "reader") is None
    south.staff.end_session("digest")
    assert north.staff.session("digest") == SESSION
    assert north.staff.codes_left() == 1


def test_nothing_that_one_organisation_does_changes_anothers_rows(north, south):
    north.add(ROW)
    north.receipts.add(NOTE, forget_before=NOW - timedelta(days=1))
    later = NOW + timedelta(minutes=1)
    assert south.settle(ROW.handle, progress="answered", code=None, now=later) is False
    south.mark_fetched(ROW.handle, now=later)
    south.finish(ROW.id, progress="closed", code="x")
    assert south.lose_open() == 0
    old = replace(ROW, created_at=NOW + timedelta(days=30))
    south.add(old)
    south.receipts.add(NOTE, forget_before=NOW + timedelta(days=30))
    assert north.by_handle(ROW.handle) == ROW
    assert north.receipts.find(NOTE.id) == NOTE


def test_a_trail_of_one_organisation_is_not_anothers(north, south):
    for store in (north, south):
        assert store.audit.begin("trail", "first")
        assert not store.audit.begin("another", "second")
    assert north.audit.append(sealed).seq == 1
    assert north.audit.append(sealed).seq == 2
    north.audit.keep_head(HEAD)
    assert list(south.audit.all()) == []
    assert south.audit.heads() == ()
    assert south.audit.append(sealed).seq == 1
    assert south.audit.cut(HEAD) == 1
    assert [entry.seq for entry in north.audit.all()] == [1, 2]
    assert north.audit.heads() == (HEAD,)


def test_two_organisations_may_have_the_same_code_and_handle(north, south):
    north.add(ROW)
    south.add(replace(ROW, desk="theirs"))
    assert (north.by_short_code(ROW.short_code).desk, south.by_handle(ROW.handle).desk) == (
        "ward",
        "theirs",
    )


def test_the_owner_of_a_handle_is_sought_among_those_named(north, store):
    north.add(ROW)
    assert store.tenant_of(ROW.handle, among={"north", "south"}) == "north"
    assert store.tenant_of(ROW.handle, among={"south"}) is None
    assert store.tenant_of(ROW.handle, among=()) is None
    assert store.tenant_of("other", among={"north"}) is None


def test_the_owner_of_a_code_is_sought_among_those_named_and_never_guessed(north, south, store):
    north.add(ROW)
    code = ROW.short_code
    assert store.tenant_of_code(code, among={"north", "south"}) == "north"
    assert store.tenant_of_code(code, among={"south"}) is None
    south.add(ROW)
    assert store.tenant_of_code(code, among={"north", "south"}) is None
    assert store.tenant_of_code(code, among={"north"}) == "north"


def test_the_day_of_a_key_is_that_organisations_own(north, south):
    north.key_uses.note("ward", NOW.date() - timedelta(days=3))
    north.key_uses.note("ward", NOW.date())
    south.key_uses.note("ward", NOW.date() - timedelta(days=9))
    south.key_uses.forget("ward")
    assert north.key_uses.days() == {"ward": NOW.date()}
    assert south.key_uses.days() == {}


def test_the_sweep_reaches_an_organisation_that_is_served_no_more(north, south):
    north.add(ROW)
    south.add(replace(ROW, created_at=NOW + timedelta(days=1)))
    assert south.sweep(NOW + timedelta(days=1, minutes=1)) == 1
    assert north.recent(desk="ward") == ()
    assert len(south.recent(desk="ward")) == 1


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)
def test_every_table_has_a_tenant_in_all_that_is_unique(store, table):
    def checked(columns, uniques):
        assert columns["tenant"] is False, "tenant may be null"
        assert uniques
        assert all("tenant" in names for names in uniques), uniques

    unique = [
        {column.name for column in one.columns}
        for one in table.constraints
        if isinstance(one, sa.PrimaryKeyConstraint | sa.UniqueConstraint)
    ]
    unique += [{c.name for c in index.columns} for index in table.indexes if index.unique]
    checked({column.name: column.nullable for column in table.columns}, unique)
    made = sa.inspect(store._engine)  # what the migrations made is held to the same
    built = [set(made.get_pk_constraint(table.name)["constrained_columns"])]
    built += [set(one["column_names"]) for one in made.get_unique_constraints(table.name)]
    built += [set(i["column_names"]) for i in made.get_indexes(table.name) if i["unique"]]
    checked({c["name"]: c["nullable"] for c in made.get_columns(table.name)}, built)
    assert {frozenset(names) for names in built} == {frozenset(names) for names in unique}


def test_no_table_is_made_that_the_store_does_not_know(store):
    names = set(sa.inspect(store._engine).get_table_names())
    assert names - {"alembic_version"} == set(METADATA.tables)


def test_rows_from_before_belong_to_the_one_organisation(tmp_path):
    path = tmp_path / "verifier.sqlite"
    old = database_at("0002", path)
    with old.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO transactions VALUES"
                " ('id-1','handle-1','ward','AAAA-AAAA','emergency_admission','nonce-1','state-1',"
                "'waiting',:made,:made+300,NULL,NULL,NULL)"
            ),
            {"made": int(NOW.timestamp())},
        )
        connection.execute(
            sa.text(
                "INSERT INTO receipts VALUES"
                " ('receipt-1','presentation','RXX01',:made,'digest','digest')"
            ),
            {"made": int(NOW.timestamp())},
        )
    old.dispose()
    store = open_store(path)
    assert store.by_handle(ROW.handle) == ROW
    assert store.receipts.find(NOTE.id) == NOTE
    assert store.for_tenant("north").recent(desk="ward") == ()
    store.close()


def test_a_store_that_was_opened_is_that_of_the_one_organisation(store):
    assert isinstance(store, Store)
    assert store.tenant == MAIN == "main"
