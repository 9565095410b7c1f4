"""The requests that a desk can make: those that ship and those that a hospital adds.

What is *not* here: how a template becomes a query (``schemas.queries``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, ServiceError, SettingsError
from healthpassport.protocols.dcql import Query
from schemas.queries import FORMATS, Template, read_template, request_query, templates

from .identity import read_file


@dataclass(frozen=True)
class DeskTemplate:
    """One template, ready to ask with: ``dcql`` for the wire, ``query`` to check answers with."""

    template: Template
    formats: tuple[str, ...] = FORMATS

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
        return request_query(self.template, self.formats)

    @cached_property
    def query(self) -> Query:
        """The query as answers are checked with it."""
        return Query.parse(self.dcql)

    @property
    def sections(self) -> tuple[tuple[str, bool], ...]:
        """What is asked for, in staff's words, and whether it is needed."""
        return tuple(
            (section.definition.labels["en"].clinical, section.required)
            for section in self.template.sections
        )


class Templates:
    """All templates of this desk, by name."""

    def __init__(self, folder: Path | None, formats: tuple[str, ...] = FORMATS) -> None:
        found = {name: DeskTemplate(template, formats) for name, template in templates().items()}
        for path in sorted(folder.glob("*.json")) if folder else ():
            added = _read(path, formats)
            found[added.id] = added
        self._by_name = found

    def get(self, name: str) -> DeskTemplate:
        """The template ``name``; ``verifier.template_unknown`` if there is none."""
        found = self._by_name.get(name)
        if found is None:
            raise ServiceError("verifier.template_unknown")
        return found

    def all(self) -> tuple[DeskTemplate, ...]:
        """Every template, in the order of their names."""
        return tuple(self._by_name.values())


def _read(path: Path, formats: tuple[str, ...]) -> DeskTemplate:
    try:
        return DeskTemplate(read_template(parse_json_object(read_file(path))), formats)
    except (EncodingError, ValueError, KeyError, TypeError) as error:
        raise SettingsError("verifier.template_invalid", f"{path.name}: {error}") from error
