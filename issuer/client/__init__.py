"""Where a patient's notes are read: folders of bundles, record systems over the network.

A source gives FHIR JSON by a name, and finds the name by who somebody is. Rules: a source gives the
whole of what it was asked for or an error, never a part; numbers and names of people go in bodies,
never in addresses, which servers log. What is *not* here: what the FHIR says (``issuer.fhir``) and
whose notes they are, which is checked at each reading (``issuer.service.refreshing``).
"""

from __future__ import annotations

from .folder import FolderSource
from .people import NOBODY, Found, Person, Source

__all__ = ["NOBODY", "FolderSource", "Found", "Person", "Source"]
