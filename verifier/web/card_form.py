"""The form for an emergency card: a photo or letters, why it is read, and who reads it.

Rules: what is wrong is said beside its field before anything is read; a photo stays in memory and
is never written to the disk. What is *not* here: reading the card, and HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from healthpassport.errors import ServiceError
from healthpassport.languages import msg
from verifier.service.card_pictures import MAX_BYTES
from verifier.service.card_words import REASONS
from verifier.service.cards import MAX_NAME, Reader
from verifier.service.staff import StaffMember

MULTIPART: Final = "multipart/form-data"
MAX_UPLOAD: Final = 2 * MAX_BYTES  # bytes of the whole form: a photo too large is told on the page
MAX_PART: Final = 65_536  # bytes of one field with words
MAX_FIELDS: Final = 8
MAX_ROLE: Final = 60  # characters
MAX_NOTE: Final = 500
OTHER: Final = max(REASONS)
NO_CODE: Final = msg("Type or paste the code, or choose a photo of the card")
NO_REASON: Final = msg("Choose why you read the card")
NO_NAME: Final = msg("Say who you are, in no more than 200 letters")  # MAX_NAME
NO_NOTE: Final = msg("Say in the note why you read it")
LONG: Final = msg("Use fewer letters")


class _InMemory(MultiPartParser):
    spool_max_size = MAX_UPLOAD + 1


@dataclass(frozen=True, slots=True)
class CardForm:
    """The fields as they came; ``errors`` has the message for each that cannot be used."""

    text: str = ""
    photo: bytes = field(default=b"", repr=False)
    reason: str = ""
    who: str = ""
    role: str = ""
    note: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def reader(self) -> Reader:
        """Who reads, once there are no errors."""
        return Reader(self.who, int(self.reason), role=self.role or None, note=self.note)


async def card_form(request: Request) -> CardForm:
    """The form of ``request``.

    Raises:
        ServiceError: ``http.invalid`` for a body of another shape.
    """
    if not request.headers.get("content-type", "").startswith(MULTIPART):
        raise ServiceError("http.invalid", "the form is sent in another way")
    parser = _InMemory(
        request.headers,
        request.stream(),
        max_files=1,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_PART,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, FormParserError) as error:
        raise ServiceError("http.invalid", "the form cannot be read") from error
    try:
        photo = form.get("photo")
        data = await photo.read() if isinstance(photo, UploadFile) else b""
    finally:
        await form.close()
    return checked(form, data, staff=getattr(request.state, "staff", None))


def checked(form: FormData, photo: bytes = b"", *, staff: StaffMember | None = None) -> CardForm:
    """``form`` with what is wrong in it; who is signed in reads under that name and role."""
    values = {name: _words(form, name) for name in ("text", "reason", "who", "role", "note")}
    if staff is not None and staff.states_relationship:
        values["who"] = staff.signature
        values["role"] = staff.role.value
    errors = {}
    if not values["text"] and not photo:
        errors["code"] = NO_CODE
    if values["reason"] not in {str(number) for number in REASONS}:
        errors["reason"] = NO_REASON
    if not 0 < len(values["who"]) <= MAX_NAME:
        errors["who"] = NO_NAME
    if len(values["role"]) > MAX_ROLE:
        errors["role"] = LONG
    if values["reason"] == str(OTHER) and not values["note"]:
        errors["note"] = NO_NOTE
    elif len(values["note"]) > MAX_NOTE:
        errors["note"] = LONG
    return CardForm(photo=photo, errors=errors, **values)


def _words(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
