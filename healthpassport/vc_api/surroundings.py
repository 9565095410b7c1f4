"""What every call of the adapter needs besides its body: contexts, lists, clock, randomness.

What is *not* here: keys; only issuing has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from healthpassport.canonical import Contexts, bundled
from healthpassport.encoding import parse_json_object
from healthpassport.vc_api.statuses import StatusLists


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``contexts`` as compiled, ``resources`` the same as published (URL to bytes)."""

    contexts: Contexts
    resources: Mapping[str, bytes]
    statuses: StatusLists
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]


def surroundings(
    *,
    contexts: Mapping[str, bytes],
    base_url: str,
    clock: Callable[[], datetime],
    random: Callable[[int], bytes],
) -> Surroundings:
    """The surroundings of one run; ``contexts`` as ``read_contexts`` gives them."""
    known = bundled()
    documents = {
        url: parse_json_object(data) for url, data in contexts.items() if url not in known.urls
    }
    return Surroundings(
        contexts=known.extended(documents),
        resources=contexts,
        statuses=StatusLists(base_url, random=random),
        clock=clock,
        random=random,
    )
