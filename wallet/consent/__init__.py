"""What a person is asked before anything is shared, and what their answer means.

``question`` makes a ``ConsentQuestion`` of a verified request and the records held; ``answer``
turns ticks into the disclosures that go out; ``words`` says values in plain words. What is *not*
here: storage, network and screens.
"""

from .answer import ChosenRecord, chosen
from .model import ConsentQuestion, HeldRecord, Target, Tick
from .question import ask
from .words import item_words, label, value_words

__all__ = [
    "ChosenRecord",
    "ConsentQuestion",
    "HeldRecord",
    "Target",
    "Tick",
    "ask",
    "chosen",
    "item_words",
    "label",
    "value_words",
]
