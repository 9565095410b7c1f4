"""From FHIR to the records that this issuer may issue, by its settings.

What is *not* here: FHIR (issuer.fhir) and the rules of records (issuer.records).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from healthpassport.encoding import parse_json_object
from healthpassport.errors import EncodingError, SettingsError
from healthpassport.summary import PatientSummary, Source
from issuer.fhir import Extraction, extract
from issuer.fhir.exclusion import exclusion
from issuer.fhir.relations import REVIEW_AGES
from issuer.fhir.sensitive import SensitiveCodes, read_sensitive_codes, shipped_codes
from issuer.records import Exclusion, build
from issuer.settings import Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """What an issuer's settings say of what it may issue."""

    source: Source
    codes: SensitiveCodes
    laboratory: bool
    review_ages: tuple[int, ...] = REVIEW_AGES


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of a source, what is left out of it as sensitive, and the records."""

    extraction: Extraction
    excluded: Exclusion
    summary: PatientSummary

    @property
    def gone(self) -> bool:
        """Whether the source says that the person left this practice, or died."""
        person = self.extraction.persons[0]
        return person.deceased or not person.registered


def rules_of(settings: Settings) -> Rules:
    """The rules of ``settings``.

    Raises:
        SettingsError: ``issuer.sensitive_codes``.
    """
    source = Source(settings.ods, settings.name, settings.system)
    return Rules(source, sensitive_codes(settings), settings.laboratory, settings.review_ages)


def read_bundle(bundle: bytes, *, rules: Rules, subject: str | None, now: datetime) -> Reading:
    """The records of the one patient of ``bundle``, or of ``subject``, with what was read.

    Raises:
        SourceError: what ``issuer.fhir`` and ``issuer.records`` refuse.
    """
    extraction = extract(bundle, subject=subject)
    excluded = exclusion(rules.codes, extraction.index)
    summary = build(
        extraction,
        source=rules.source,
        now=now,
        excluded=excluded,
        laboratory=rules.laboratory,
        review_ages=rules.review_ages,
    )
    return Reading(extraction, excluded, summary)


def sensitive_codes(settings: Settings) -> SensitiveCodes:
    """The list of the settings, else the one of this package.

    Raises:
        SettingsError: ``issuer.sensitive_codes``.
    """
    if settings.sensitive_codes is None:
        return shipped_codes()
    if settings.sensitive_codes_key is None:
        raise SettingsError("issuer.sensitive_codes", "the setting sensitive_codes_key is missing")
    try:
        token = settings.sensitive_codes.read_text(encoding="ascii")
        jwk = parse_json_object(settings.sensitive_codes_key.read_bytes())
    except (OSError, UnicodeDecodeError, EncodingError) as error:
        raise SettingsError("issuer.sensitive_codes", "a file cannot be read") from error
    return read_sensitive_codes(token, signer_jwk=jwk)
