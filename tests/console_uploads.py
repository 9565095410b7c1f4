"""Forms that bring a file, as a browser sends them."""

from __future__ import annotations

from asgi_calls import call
from console_world import OWN


def multipart(fields, data=None):
    """The content type and the body of a form with ``fields`` and the file ``data``."""
    edge = "edge-of-a-part"
    parts = [
        f'--{edge}\r\ncontent-disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode()
        for n, v in fields.items()
    ]
    if data is not None:
        head = f'--{edge}\r\ncontent-disposition: form-data; name="file"; filename="a.json"\r\n\r\n'
        parts.append(head.encode() + data + b"\r\n")
    return f"multipart/form-data; boundary={edge}", b"".join(parts) + f"--{edge}--\r\n".encode()


def sent(browser, path, data=None, **fields):
    """What ``path`` answers to such a form of ``browser``."""
    kind, body = multipart(fields, data)
    cookies = "; ".join(f"{n}={v}" for n, v in browser.cookies.items())
    headers = {**OWN, "content-type": kind, "cookie": cookies, "accept": "text/html"}
    return call(browser.practice.app, "POST", path, headers=headers, body=body)
