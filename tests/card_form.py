"""The desk's form for an emergency card, sent as a browser sends it."""

from __future__ import annotations

from asgi_calls import Answer, call

BOUNDARY = "a-boundary-of-no-meaning"
HEADERS = {
    "origin": "http://localhost",
    "content-type": f"multipart/form-data; boundary={BOUNDARY}",
}
READER = {"who": "Dr Example, 555-0100", "role": "doctor", "reason": "4"}


def body(fields: dict[str, str], photo: bytes | None = None) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if photo is not None:
        head = 'content-disposition: form-data; name="photo"; filename="card.png"'
        parts.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + photo + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def send(app, text="", *, photo=None, headers=HEADERS, **changes) -> Answer:
    fields = {"text": text, **READER, **changes}
    return call(app, "POST", "/cards", headers=headers, body=body(fields, photo))


def shown(app, text="", **changes) -> str:
    """The page of a card that was read."""
    answer = send(app, text, **changes)
    assert answer.status == 303, answer.text
    return call(app, "GET", answer.headers["location"]).text
