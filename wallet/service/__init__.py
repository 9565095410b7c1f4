"""What a wallet does for its owner, free of any user interface.

``Wallet`` is the whole of it: ``init``, ``unlock``, ``add_offer`` and ``accept``, ``records`` and
``show``, ``prepare`` and then ``share`` or ``decline``, ``history``, ``update_trust``. What is
*not* here: HTTP servers, terminals and environment variables.
"""

from .choosing import WhichPersonError
from .past import HistoryEntry, HistoryKind
from .people import People, PersonView
from .placing import PersonChoice, WhoseError
from .receiving import OfferPreview
from .sharing import ShareReceipt
from .shelf import Line, RecordDetail, RecordView
from .surroundings import Surroundings
from .wallet import Wallet

__all__ = [
    "HistoryEntry",
    "HistoryKind",
    "Line",
    "OfferPreview",
    "People",
    "PersonChoice",
    "PersonView",
    "RecordDetail",
    "RecordView",
    "ShareReceipt",
    "Surroundings",
    "Wallet",
    "WhichPersonError",
    "WhoseError",
]
