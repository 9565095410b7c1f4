"""Pages of the console for offers to many and for records that wait until somebody has looked."""

from __future__ import annotations

from console_uploads import sent
from console_world import NUMBER

from healthpassport.encoding import dump_text
from healthpassport.keys import generate_signer
from issuer.service import bulk
from issuer.store import Deferral, DeferralReason, DeferralState, deferrals

MANY = ("many", "many planned", "many running")
WAITING = ("waiting", "waiting one")
NOBODY = "9990000026"  # of whom the practice has no notes
LINES = f"{NUMBER}\n{NOBODY}\n"


def recipient():
    """The public half of an operator's key, as the command prints it; and the key."""
    key = generate_signer()
    return dump_text(bulk.recipient_of(key)), key


def planned(admin, lines=LINES):
    """The address of a plan of ``lines``."""
    answer = sent(admin, "/many/plan", lines=lines)
    assert answer.status == 303, answer.text
    return answer.headers["location"]


def started(admin, where):
    """The address of a run of the plan at ``where``, and the operator's key."""
    public, key = recipient()
    answer = admin.post(f"{where}/start", recipient=public)
    assert answer.status == 303, answer.text
    return answer.headers["location"], key


def many_pages(admin):
    """The path of each page of ``MANY``."""
    running, _ = started(admin, planned(admin))
    paths = {"many": "/many", "many planned": planned(admin), "many running": running}
    return {name: (path, admin.cookies) for name, path in paths.items()}


def waits(practice, handed, name="a-record-that-waits-for-staff"):
    """A wallet asked for a record of ``handed``, which waits; its id."""
    issuer = practice.issuer
    row = Deferral(
        id=name,
        transaction_hash=f"{name}-hash",
        offer=handed.rsplit("/", 1)[1],
        root=None,
        client="staff console",
        configuration="AllergySummary",
        turn=0,
        reason=DeferralReason.STAFF,
        state=DeferralState.WAITING,
        copies=1,
        request_hash="a-request",
        created_at=issuer.now(),
        expires_at=issuer.now() + 86_400,
    )
    with issuer.store.writing() as tx:
        deferrals.add(tx, row)
    return name
