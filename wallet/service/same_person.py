"""Whether what comes by a grant is about the person whom the grant is for.

One check for whatever comes without its owner there to ask: at a refresh, and of what was put off.
Rules: it must be surely the person of each record that this surgery gave them, and not clearly
another's than anything in their passport. What is *not* here: whose a first record is
(``placing``).
"""

from __future__ import annotations

from collections.abc import Mapping

from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from healthpassport.verification.person import Match, compare
from wallet.vault import Vault

from .passports import compared, of_person
from .shelf import read_records
from .whose import Kin, subject_of


def check_same_person(payload: Mapping[str, Json], *, iss: str, person: str, vault: Vault) -> None:
    """Return only where ``payload``, by ``iss``, is about the passport ``person``.

    Raises:
        ServiceError: ``wallet.other_person``.
    """
    records = read_records(vault)
    given = [r for r in records if (r.iss, r.person) == (iss, person) and r.until is None]
    if any(compare(older.payload, payload) is not Match.SAME for older in given):
        raise ServiceError("wallet.other_person")
    group = {person: of_person(records, person)}
    if compared(subject_of(payload), group)[person] is Kin.DIFFERENT:
        raise ServiceError("wallet.other_person")
