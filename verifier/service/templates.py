"""The requests that a desk can make: those that ship and those that a hospital adds.

What is *not* here: how a template becomes a query (``schemas.queries``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import schemas
from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, ServiceError, SettingsError
from healthpassport.protocols.dcql import Query
from schemas.queries import FORMATS, Template, read_template, request_query, templates
from verifier.settings import VerifierSettings

from .identity import read_file


@dataclass(frozen=True)
class DeskTemplate:
    """One template, ready to ask with: ``dcql`` for the wire, ``query`` to check answers with."""

    template: Template
    formats: tuple[str, ...] = FORMATS
    second_signature: bool = False

    @property
    def id(self) -> str:
        """The template's name."""
        return self.template.id

    @property
    def purpose(self) -> str:
        """The registered purpose that it serves."""
        return self.template.purpose.id

    @property
    def title(self) -> str:
        """What staff call it."""
        return self.template.labels["en"].clinical

    @property
    def patient_title(self) -> str:
        """What the patient reads."""
        return self.template.labels["en"].patient

    @property
    def reason(self) -> str:
        """Why, in the words that the patient reads."""
        return self.template.purpose.reason["en"]

    @cached_property
    def dcql(self) -> Mapping[str, Json]:
        """The query as it goes out."""
        return request_query(self.template, self.formats, second_signature=self.second_signature)

    @cached_property
    def query(self) -> Query:
        """The query as answers are checked with it."""
        return Query.parse(self.dcql)

    @property
    def record_types(self) -> tuple[str, ...]:
        """Which kinds of record are asked for."""
        return tuple(section.definition.type for section in self.template.sections)

    @property
    def sections(self) -> tuple[tuple[str, bool], ...]:
        """What is asked for, in staff's words, and whether it is needed."""
        return tuple(
            (section.definition.labels["en"].clinical, section.required)
            for section in self.template.sections
        )


class Templates:
    """All templates of this desk, by name; ``second_signature`` asks for one with each record."""

    def __init__(
        self,
        folder: Path | None,
        formats: tuple[str, ...] = FORMATS,
        *,
        second_signature: bool = False,
    ) -> None:
        own = (_read(path) for path in sorted(folder.glob("*.json"))) if folder else ()
        known = {**templates(), **{template.id: template for template in own}}
        self._by_name = {
            name: DeskTemplate(template, formats, second_signature)
            for name, template in known.items()
        }

    def get(self, name: str) -> DeskTemplate:
        """The template ``name``; ``verifier.template_unknown`` if there is none."""
        found = self._by_name.get(name)
        if found is None:
            raise ServiceError("verifier.template_unknown")
        return found

    def all(self) -> tuple[DeskTemplate, ...]:
        """Every template, in the order of their names."""
        return tuple(self._by_name.values())

    def askable(self, purposes: Collection[str]) -> tuple[DeskTemplate, ...]:
        """Those for one of ``purposes``, the most urgent purpose first."""
        order = {name: place for place, name in enumerate(schemas.load("requests/purposes.json"))}
        found = [template for template in self.all() if template.purpose in purposes]
        return tuple(sorted(found, key=lambda template: order[template.purpose]))


def desk_templates(settings: VerifierSettings) -> Templates:
    """The templates of the desk that ``settings`` describe.

    Raises:
        SettingsError: ``verifier.template_invalid``.
    """
    return Templates(
        settings.templates,
        settings.asked_formats,
        second_signature=settings.require_post_quantum,
    )


def _read(path: Path) -> Template:
    try:
        return read_template(parse_json_object(read_file(path)))
    except (EncodingError, ValueError, KeyError, TypeError) as error:
        raise SettingsError("verifier.template_invalid", f"{path.name}: {error}") from error
