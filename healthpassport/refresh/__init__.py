"""Keeping the trust list and the status lists fresh, apart from reading them.

Runs on a schedule or by command, never while a patient stands at the desk. What is *not* here:
judging a presentation (healthpassport.verification reads what was stored), and the schedule itself.
"""

from healthpassport.refresh.statuses import Prefetched, StatusStore
from healthpassport.refresh.trust_list import update_trust_list

__all__ = ["Prefetched", "StatusStore", "update_trust_list"]
