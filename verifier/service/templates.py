"""The requests that a desk can make: those that ship and those that a hospital adds.

What is *not* here: how a template becomes a query (``schemas.queries``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import schemas
from healthpassport.encoding import Json, jcs, parse_json_object
from healthpassport.errors import EncodingError, ServiceError, SettingsError
from healthpassport.languages import ENGLISH, Words
from healthpassport.protocols.dcql import Query
from schemas.definitions import Label
from schemas.queries import (
    FORMATS,
    Purpose,
    Template,
    read_template,
    request_query,
    templates,
)
from verifier.settings import VerifierSettings

from .identity import read_file


@dataclass(frozen=True, slots=True)
class TemplateWords:
    """A template in one language: ``title`` for staff, the rest as the patient reads it.

    ``sections`` is what is asked for, in staff's words, and whether it is needed.
    """

    title: str
    patient_title: str
    reason: str
    retention: str
    sections: tuple[tuple[str, bool], ...]


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
        """What staff call it, in English."""
        return self.words().title

    def words(self, say: Words = ENGLISH) -> TemplateWords:
        """What staff and patients read of it."""
        label = say.of(self.template.labels)
        return TemplateWords(
            title=label.clinical,
            patient_title=label.patient,
            reason=say.of(self.template.purpose.reason),
            retention=say.of(self.template.purpose.retention),
            sections=tuple(
                (say.of(section.definition.labels).clinical, section.required)
                for section in self.template.sections
            ),
        )

    @cached_property
    def dcql(self) -> Mapping[str, Json]:
        """The query as it goes out."""
        return request_query(self.template, self.formats, second_signature=self.second_signature)

    @cached_property
    def query(self) -> Query:
        """The query as answers are checked with it."""
        return Query.parse(self.dcql)

    @cached_property
    def canonical_query(self) -> bytes:
        """``dcql`` in canonical form (RFC 8785), which every receipt hashes."""
        return jcs(self.dcql)

    @property
    def record_types(self) -> tuple[str, ...]:
        """Which kinds of record are asked for."""
        return tuple(section.definition.type for section in self.template.sections)


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

    def recalled(self, name: str) -> DeskTemplate:
        """The template of a question that was asked: one that is no longer here has a name only."""
        return self._by_name.get(name) or _gone(name)

    def all(self) -> tuple[DeskTemplate, ...]:
        """Every template, in the order of their names."""
        return tuple(self._by_name.values())

    def askable(self, purposes: Collection[str]) -> tuple[DeskTemplate, ...]:
        """Those for one of ``purposes``, the most urgent purpose first."""
        order = {name: place for place, name in enumerate(schemas.load("requests/purposes.json"))}
        found = [template for template in self.all() if template.purpose in purposes]
        return tuple(sorted(found, key=lambda template: order[template.purpose]))


def _gone(name: str) -> DeskTemplate:
    """Stands for a template that was removed or renamed after it was asked; asks for nothing."""
    named = {"en": Label(name, name)}
    nothing = Purpose("", named, {"en": ""}, {"en": ""})
    return DeskTemplate(Template(name, nothing, named, ()))


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
