"""What the page says of a result of which a part is closed to whoever looks.

Rules: there is no allergy heading here, since each of its forms would be read as an answer; who
the patient is comes from every record that may be read. What is *not* here: the cut itself
(``service.cutting``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from healthpassport.languages import ENGLISH, Words
from verifier.service import TransactionView
from verifier.service.cutting import ACTING, closed_words
from verifier.service.staff import RELATIONSHIPS

from .comparing import cautions
from .pages import banner, result_page


def closed_page(view: TransactionView, say: Words = ENGLISH) -> dict[str, Any]:
    """The values of the page for ``view``, which is cut and has a result."""
    if view.summary is None or view.cut is None:
        return {}
    page = result_page(view.summary, say)
    deceased = page.banner is not None and page.banner.deceased
    person = view.cut.person
    # The proof that somebody may act stands in a closed record: "without proof" would be untrue.
    told = cautions(replace(view, acting=False), say)
    return {
        "page": page,
        "banner": banner(person, view.summary.verified_at, deceased=deceased, say=say)
        if person
        else None,
        "cautions": (say(ACTING), *told) if view.acting else told,
        "closed": closed_words(view.cut, say),
        "relationships": {one.value: say(text) for one, text in RELATIONSHIPS.items()},
    }
