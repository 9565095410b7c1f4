"""One record."""

from __future__ import annotations

from wallet_pages import Case


def first(served):
    return f"/records/{served.visit.wallet.records()[0].id}"


PAGES = (
    Case("identity", first),
    Case("allergies", lambda served: f"/records/{served.visit.wallet.records()[-1].id}"),
    Case("remove", lambda served: f"{first(served)}/remove"),
    Case("no such record", "/records/00000000000000"),
)
