"""The form that brings a FHIR file: read into memory, bounded, never written to the disk.

What is *not* here: reading the file (``service.console.finding``) and HTML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from healthpassport.errors import ServiceError

from .whom import Typed, typed

MULTIPART: Final = "multipart/form-data"
MAX_FILE: Final = 8 * 1_048_576  # bytes; as a bundle that a record system sends
MAX_UPLOAD: Final = MAX_FILE + 65_536  # bytes of the whole form
MAX_PART: Final = 1_024  # bytes of one field with words
MAX_FIELDS: Final = 8
MAX_TICKS: Final = 48  # fields of a form with a box for each kind of record
PATH: Final = "/upload"


class _InMemory(MultiPartParser):
    spool_max_size = MAX_UPLOAD + 1


@dataclass(frozen=True, slots=True)
class Brought:
    """A file, and whose staff say it is."""

    data: bytes = field(repr=False)
    whom: Typed


async def brought(request: Request) -> Brought:
    """The form of ``request``.

    Raises:
        ServiceError: ``http.invalid`` for a body of another shape.
    """
    data, words, _ = await read_form(request, max_part=MAX_PART)
    names = ("birth_day", "birth_month", "birth_year", "nhs_number")
    return Brought(data, typed(**{name: words.get(name, "") for name in names}))


async def read_form(
    request: Request, *, max_part: int, several: str = ""
) -> tuple[bytes, dict[str, str], list[str]]:
    """The file and the fields of a form; no field with words has more than ``max_part`` bytes.

    The last are the values of the field ``several``, which may stand more than once.

    Raises:
        ServiceError: ``http.invalid`` for a body of another shape.
    """
    if not request.headers.get("content-type", "").startswith(MULTIPART):
        raise ServiceError("http.invalid", "the form is sent in another way")
    parser = _InMemory(
        request.headers,
        request.stream(),
        max_files=1,
        max_fields=MAX_TICKS if several else MAX_FIELDS,
        max_part_size=max_part,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, FormParserError) as error:
        raise ServiceError("http.invalid", "the form cannot be read") from error
    try:
        file = form.get("file")
        data = await file.read() if isinstance(file, UploadFile) else b""
        words = {name: value for name, value in form.items() if isinstance(value, str)}
        ticks = [value for value in form.getlist(several) if isinstance(value, str)]
        return data, words, ticks
    finally:
        await form.close()
