"""What a wallet does for its owner, free of any user interface.

``Wallet`` is the whole of it: ``init``, ``unlock``, ``add_offer`` and ``accept``, ``records`` and
``show``, ``prepare`` and then ``share`` or ``decline``, ``open_past`` and ``history``, ``ways``,
``update_trust``. What is
*not* here: HTTP servers, terminals and environment variables.
"""

from healthpassport.card_sheets.question import CardChoice, CardPreview, CardQuestion
from healthpassport.card_sheets.sheet import CardSheet
from wallet.consent import Choice, ConsentQuestion, Effect, Option, Preview, Refusal, Tick

from .borrowing import LentLine, Received
from .card_store import CardState
from .cards import Cards, CardView
from .choosing import WhichPersonError
from .complaint import ComplaintSheet, Letter
from .gifts import LentRecord
from .helping import GiftView, Helpers
from .history import Past, PastDetail, PastEntry
from .lending import Part
from .past import HistoryEntry, HistoryKind
from .people import People, PersonView
from .placing import PersonChoice, WhoseError
from .receipts import KeptReceipt, ReceiptState
from .receiving import OfferPreview
from .sharing import ShareReceipt
from .shelf import Line, RecordDetail, RecordView
from .sign_ins import BACK, way_back
from .surroundings import Surroundings
from .travel import Away, Travel
from .waiting import Waiting, WaitingView
from .wallet import Wallet
from .ways import Ways

__all__ = [
    "BACK",
    "Away",
    "CardChoice",
    "CardPreview",
    "CardQuestion",
    "CardSheet",
    "CardState",
    "CardView",
    "Cards",
    "Choice",
    "ComplaintSheet",
    "ConsentQuestion",
    "Effect",
    "GiftView",
    "Helpers",
    "HistoryEntry",
    "HistoryKind",
    "KeptReceipt",
    "LentLine",
    "LentRecord",
    "Letter",
    "Line",
    "OfferPreview",
    "Option",
    "Part",
    "Past",
    "PastDetail",
    "PastEntry",
    "People",
    "PersonChoice",
    "PersonView",
    "Preview",
    "ReceiptState",
    "Received",
    "RecordDetail",
    "RecordView",
    "Refusal",
    "ShareReceipt",
    "Surroundings",
    "Tick",
    "Travel",
    "Waiting",
    "WaitingView",
    "Wallet",
    "Ways",
    "WhichPersonError",
    "WhoseError",
    "way_back",
]
