"""What a desk does: ask, take an answer, verify, show, forget. No HTTP.

``open_desk`` makes the one ``Desk`` that api, web and commands share.
"""

from __future__ import annotations

from healthpassport.fetch import Fetcher
from verifier.settings import VerifierSettings
from verifier.store import open_store

from .api_keys import load_api_keys
from .desk import Desk
from .digests import Digests
from .freshness import desk_policy
from .holding import MemoryHolding
from .identity import load_identity
from .lists import DeskLists
from .matching import Expected, is_nhs_number
from .proving import Match, Noted, Proof, prove
from .qr import paper_qr_svg, qr_svg
from .reconciliation import Comparison, comparisons, contradictions
from .report import summary_json, view_json
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
    store = open_store(settings.database_file)
    return Desk(
        settings=settings,
        identity=load_identity(settings),
        templates=desk_templates(settings),
        lists=DeskLists(settings, policy=policy, fetcher=fetcher),
        store=store,
        holding=MemoryHolding(store),
        policy=policy,
        clock=clock,
        random=random,
    )
