"""What a desk does: ask, take an answer, verify, show, forget. No HTTP.

``open_desk`` makes the one ``Desk`` that api, web and commands share.
"""

from __future__ import annotations

from healthpassport.fetch import Fetcher
from verifier.settings import VerifierSettings
from verifier.store import Store, open_store

from .api_keys import load_api_keys
from .desk import Desk
from .digests import Digests
from .freshness import desk_policy
from .holding import Holding, MemoryHolding
from .identity import load_identity
from .lists import DeskLists
from .matching import Expected, is_nhs_number
from .proving import Match, Noted, Proof, prove
from .qr import paper_qr_svg, qr_svg
from .reconciliation import Comparison, comparisons, contradictions
from .report import summary_json, view_json
from .sealed_holding import SealedHolding
from .sealing import Seal
from .templates import DeskTemplate, Templates, desk_templates
from .transactions import Clock, Progress, Random, TransactionView
from .watching import watch

__all__ = [
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
    "TransactionView",
    "comparisons",
    "contradictions",
    "desk_policy",
    "desk_templates",
    "is_nhs_number",
    "load_api_keys",
    "load_identity",
    "open_desk",
    "paper_qr_svg",
    "prove",
    "qr_svg",
    "summary_json",
    "view_json",
    "watch",
]


def open_desk(
    settings: VerifierSettings, *, clock: Clock, random: Random, fetcher: Fetcher | None = None
) -> Desk:
    """The desk that ``settings`` describe, with its database opened.

    Raises:
        SettingsError: ``verifier.setup``, ``verifier.template_invalid`` or
            ``verifier.freshness_invalid``.
        KeyMaterialError: for the key file.
    """
    policy = desk_policy(settings)
    store = open_store(settings.database_file, url=settings.database_url)
    return Desk(
        settings=settings,
        identity=load_identity(settings),
        templates=desk_templates(settings),
        lists=DeskLists(settings, policy=policy, fetcher=fetcher),
        store=store,
        holding=holding_of(settings, store, clock=clock, random=random),
        policy=policy,
        clock=clock,
        random=random,
    )


def holding_of(
    settings: VerifierSettings, store: Store, *, clock: Clock, random: Random
) -> Holding:
    """Where the desk on ``store`` holds keys and results: in memory, or sealed in PostgreSQL."""
    if not settings.database_url:
        return MemoryHolding(store)
    return SealedHolding(store, Seal(settings.holding_key_file, random), clock=clock)
