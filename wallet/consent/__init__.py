"""What a person is asked before anything is shared, and what their answer means.

``question`` makes a ``ConsentQuestion`` of a verified request and the records held, ``refusal`` a
``Refusal`` of what is no question to answer; ``effect`` says what the other side will see;
``answer`` turns ticks into the disclosures that go out; ``words`` says values in plain words. What
is *not* here: storage, network and screens.
"""

from healthpassport.record_words import item_words, label, value_words

from .answer import ChosenRecord, chosen
from .care import needed_tag
from .effect import Effect, Preview, preview
from .model import Choice, ConsentQuestion, HeldRecord, Option, Target, Tick
from .question import ask
from .refusal import Refusal, offer_refusal_of, refusal_of

__all__ = [
    "Choice",
    "ChosenRecord",
    "ConsentQuestion",
    "Effect",
    "HeldRecord",
    "Option",
    "Preview",
    "Refusal",
    "Target",
    "Tick",
    "ask",
    "chosen",
    "item_words",
    "label",
    "needed_tag",
    "offer_refusal_of",
    "preview",
    "refusal_of",
    "value_words",
]
