"""What one reading may cost: seconds, answers, bytes, tries. A reading that costs more fails whole.

What is *not* here: how an answer is got (``exchange``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from healthpassport.errors import SourceError

MIB: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading of one person.

    ``seconds`` for all of it, ``answers`` of the server, ``total_bytes`` of them together and
    ``answer_bytes`` of one; ``tries`` of one call that the server is too busy for.
    """

    seconds: float = 60.0
    answers: int = 200
    total_bytes: int = 32 * MIB  # what issuer.fhir reads in one go
    answer_bytes: int = 16 * MIB
    tries: int = 4


class Reading:
    """How much of its limits one reading has used."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self.limits = limits
        self._monotonic = monotonic
        self._until = monotonic() + limits.seconds
        self._answers = 0
        self._bytes = 0

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            SourceError: ``source.timeout``.
        """
        left = self._until - self._monotonic()
        if left <= 0:
            raise SourceError("source.timeout", f"{self.limits.seconds:g} seconds are over")
        return left

    def ask(self) -> int:
        """Note one more call; returns how many bytes its answer may have.

        Raises:
            SourceError: ``source.timeout``, ``source.too_large``.
        """
        self.left()
        self._answers += 1
        if self._answers > self.limits.answers:
            raise SourceError("source.too_large", f"more than {self.limits.answers} answers")
        rest = self.limits.total_bytes - self._bytes
        if rest <= 0:
            raise self._too_many_bytes()
        return min(self.limits.answer_bytes, rest)

    def took(self, size: int) -> None:
        """Note ``size`` bytes of an answer.

        Raises:
            SourceError: ``source.too_large``.
        """
        self._bytes += size
        if self._bytes > self.limits.total_bytes:
            raise self._too_many_bytes()

    def _too_many_bytes(self) -> SourceError:
        return SourceError("source.too_large", f"more than {self.limits.total_bytes} bytes")
