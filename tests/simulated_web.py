"""Real TLS servers on loopback that behave as told: redirect, drip, lie, break off."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Behaviour = Callable[[ssl.SSLSocket, bytes], None]


def write_tls(folder: Path, *, host: str = "localhost", days: int = 1) -> Path:
    """A self-signed server certificate for ``host`` with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=2 + days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}-{days}.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path


@dataclass
class Server:
    port: int
    requests: list[bytes]

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def allowed(self) -> frozenset[str]:
        return frozenset({f"localhost:{self.port}"})


def receive(connection: ssl.SSLSocket) -> bytes:
    """A whole request, its body included."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    wanted = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            wanted = int(line.split(b":")[1])
    while len(body) < wanted:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(data: bytes) -> Behaviour:
    return lambda connection, _request: connection.sendall(data)


def page(body: bytes, *, status: str = "200 OK", headers: str = "") -> Behaviour:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return answer(head.encode() + body)


@contextmanager
def serve(pem: Path, behaviour: Behaviour) -> Iterator[Server]:
    """A TLS server that answers each connection with ``behaviour``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(listening.getsockname()[1], [])
    stopped = threading.Event()
    workers: list[threading.Thread] = []

    def one(plain: socket.socket) -> None:
        plain.settimeout(60)
        try:
            with plain, context.wrap_socket(plain, server_side=True) as connection:
                request = receive(connection)
                server.requests.append(request)
                behaviour(connection, request)
        except OSError:
            plain.close()  # the client went away, which is what most of these tests are about

    def loop() -> None:
        while not stopped.is_set():
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            worker = threading.Thread(target=one, args=(plain,), daemon=True)
            workers.append(worker)
            worker.start()

    accepting = threading.Thread(target=loop, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        stopped.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join(5)
        for worker in workers:
            worker.join(5)
