"""How old records and lists may be at this hospital: ``freshness.json``, over the defaults.

Ages are whole days. A hospital can be stricter or more patient than clinical.md rule 14; it cannot
switch a limit off. What is *not* here: the judgement (``healthpassport.verification.policy``).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, SettingsError
from healthpassport.summary import record_types
from healthpassport.verification import FreshnessPolicy
from healthpassport.verification.policy import (
    OTHER_RECORDS,
    RECORD_AGES,
    STATUS_LIST_AGE,
    TRUST_LIST_AGE,
)
from verifier.settings import VerifierSettings

from .identity import read_file

MAX_RECORD_DAYS: Final = 3650
MAX_TRUST_DAYS: Final = 90
MAX_STATUS_DAYS: Final = 31

RecordDays = Annotated[int, Field(ge=1, le=MAX_RECORD_DAYS)]


class FreshnessFile(BaseModel):
    """The file; what it leaves out keeps its default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1]
    records: dict[str, RecordDays] = Field(default_factory=dict)
    other_records: RecordDays = Field(default=OTHER_RECORDS.days, alias="otherRecords")
    trust_list: Annotated[int, Field(ge=1, le=MAX_TRUST_DAYS)] = Field(
        default=TRUST_LIST_AGE.days, alias="trustList"
    )
    status_lists: Annotated[int, Field(ge=1, le=MAX_STATUS_DAYS)] = Field(
        default=STATUS_LIST_AGE.days, alias="statusLists"
    )

    @field_validator("records")
    @classmethod
    def _known(cls, value: dict[str, int]) -> dict[str, int]:
        if unknown := sorted(value.keys() - set(record_types())):
            raise ValueError(f"no such record type: {', '.join(unknown)}")
        return value


def desk_policy(settings: VerifierSettings) -> FreshnessPolicy:
    """What the desk that ``settings`` describe accepts.

    Raises:
        SettingsError: ``verifier.freshness_invalid`` for a file that is named and cannot be used.
    """
    path = settings.freshness_file
    found = _read(path) if path.exists() or settings.freshness else FreshnessFile(version=1)
    ages = {name: timedelta(days=days) for name, days in found.records.items()}
    return FreshnessPolicy(
        records={**RECORD_AGES, **ages},
        other_records=timedelta(days=found.other_records),
        trust_list=timedelta(days=found.trust_list),
        status_list=timedelta(days=found.status_lists),
        require_post_quantum=settings.require_post_quantum,
    )


def _read(path: Path) -> FreshnessFile:
    try:
        return FreshnessFile.model_validate(parse_json_object(read_file(path)))
    except (EncodingError, ValidationError) as error:
        words = _first(error) if isinstance(error, ValidationError) else error.code
        raise SettingsError("verifier.freshness_invalid", f"{path.name}: {words}") from error


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
