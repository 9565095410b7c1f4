"""What a desk does: ask, take an answer, verify, show, forget. No HTTP.

``open_desk`` makes the one ``Desk`` that api, web and commands share, ``open_tenants`` all those of
a deployment.
"""

from __future__ import annotations

from typing import Final

import structlog

from healthpassport.errors import PassportError
from healthpassport.fetch import Fetcher
from healthpassport.verification import FreshnessPolicy
from verifier.settings import VerifierSettings
from verifier.store import Store, open_store

from .api_keys import ApiKeys, digest_of
from .desk import Desk
from .digests import Digests
from .freshness import desk_policy
from .holding import Holding, MemoryHolding
from .identity import load_identity
from .key_file import ApiKey
from .lists import DeskLists
from .matching import Expected
from .organisations import (
    organisation_names,
    organisation_settings,
    refuse_other_code,
)
from .proving import Match, Noted, Proof, prove
from .qr import paper_qr_svg, qr_svg
from .reconciliation import Comparison, comparisons, contradictions
from .report import summary_json, view_json
from .sealed_holding import SealedHolding
from .sealing import Seal
from .templates import DeskTemplate, Templates, desk_templates
from .tenants import Tenants
from .transactions import Clock, Progress, Random, TransactionView
from .watching import watch

_log: Final = structlog.get_logger("verifier")

__all__ = [
    "ApiKey",
    "ApiKeys",
    "Clock",
    "Comparison",
    "Desk",
    "DeskLists",
    "DeskTemplate",
    "Digests",
    "Expected",
    "Match",
    "Noted",
    "Progress",
    "Proof",
    "Random",
    "Templates",
    "Tenants",
    "TransactionView",
    "comparisons",
    "contradictions",
    "desk_policy",
    "desk_templates",
    "digest_of",
    "load_identity",
    "open_desk",
    "open_tenants",
    "organisation_names",
    "organisation_settings",
    "paper_qr_svg",
    "prove",
    "qr_svg",
    "summary_json",
    "view_json",
    "watch",
]


def open_desk(
    settings: VerifierSettings,
    *,
    clock: Clock,
    random: Random,
    fetcher: Fetcher | None = None,
    store: Store | None = None,
    lists: DeskLists | None = None,
) -> Desk:
    """The desk that ``settings`` describe, with its database opened.

    Args:
        settings: the desk's.
        clock: the time.
        random: randomness.
        fetcher: the way to the network for updates.
        store: a database that is open already.
        lists: lists that are shared with other desks.

    Raises:
        SettingsError: ``verifier.setup``, ``verifier.template_invalid`` or
            ``verifier.freshness_invalid``.
        KeyMaterialError: for the key file.
    """
    policy = desk_policy(settings)
    whole = store or open_store(settings.database_file, url=settings.database_url)
    mine = whole.for_tenant(settings.tenant)
    return Desk(
        settings=settings,
        identity=load_identity(settings),
        templates=desk_templates(settings),
        lists=(
            lists.for_policy(policy)
            if lists
            else DeskLists(settings, policy=policy, fetcher=fetcher)
        ),
        store=mine,
        holding=holding_of(settings, mine, clock=clock, random=random),
        policy=policy,
        clock=clock,
        random=random,
        provider_fetcher=fetcher,
    )


def holding_of(
    settings: VerifierSettings, store: Store, *, clock: Clock, random: Random
) -> Holding:
    """Where the desk on ``store`` holds keys and results: in memory, or sealed in PostgreSQL."""
    if not store.reaches_others:
        return MemoryHolding(store)
    return SealedHolding(store, Seal(settings.holding_key_file, random), clock=clock)


def open_tenants(
    shared: VerifierSettings, *, clock: Clock, random: Random, fetcher: Fetcher | None = None
) -> Tenants:
    """The desks of the deployment that ``shared`` describes: one, or one for each organisation.

    An organisation that cannot be opened is logged and left out; the others are served.

    Raises:
        SettingsError, KeyMaterialError: as ``open_desk`` where one organisation is served;
            ``verifier.organisation`` where none can be, or two share what must be one's own.
    """
    names = organisation_names(shared)
    store = open_store(shared.database_file, url=shared.database_url)
    if not names:
        only = open_desk(shared, clock=clock, random=random, fetcher=fetcher, store=store)
        return Tenants({shared.tenant: only}, store)
    store.sweep(clock())
    lists = DeskLists(shared, policy=FreshnessPolicy(), fetcher=fetcher)
    desks = {}
    for name in names:
        try:
            own = organisation_settings(shared, name)
            desk = open_desk(
                own, clock=clock, random=random, fetcher=fetcher, store=store, lists=lists
            )
            refuse_other_code(own, desk.identity)
            desks[name] = desk
        except PassportError as error:
            _log.error("organisation_not_served", tenant=name, code=error.code)
    return Tenants(desks, store)
