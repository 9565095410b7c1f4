"""Record systems over the network, opened by the settings.

What is *not* here: what they are asked (``issuer.client``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from healthpassport.errors import ProtocolError, SettingsError
from healthpassport.fetch import Fetcher, HttpsFetcher
from healthpassport.keys import generate_signer, save_signer
from healthpassport.keys.files import key_path
from healthpassport.protocols.smart import ClientKey, Smart, load_client_key
from issuer.client.exchange import Exchange
from issuer.client.fhir_server import FhirServer, Way
from issuer.client.gp_connect import GpConnect
from issuer.client.gp_connect_token import Asker
from issuer.client.limits import Limits
from issuer.settings import Settings

from .key_schedule import first_line

VERSION: Final = "1"  # of this product, as a practice's audit trail names it


def open_fhir(
    settings: Settings,
    *,
    clock: Callable[[], datetime],
    random: Callable[[int], bytes],
    fetcher: Fetcher | None = None,
) -> FhirServer:
    """The FHIR R4 server that ``settings`` name.

    Raises:
        SettingsError: ``source.setup`` for a key that cannot be used.
    """
    way, base = fetcher or https(settings), settings.source_fhir_url.rstrip("/")
    smart = None
    if settings.source_fhir_client_id:
        smart = Smart(
            base,
            client_id=settings.source_fhir_client_id,
            key=source_key(settings),
            scope=settings.source_fhir_scope,
            fetcher=way,
            clock=clock,
            random=random,
        )
    exchange = open_exchange(settings, base, fetcher=way, smart=smart, clock=clock)
    return FhirServer(
        exchange, way=Way(settings.source_fhir_way), without=settings.source_fhir_without
    )


def source_key(settings: Settings, *, make: bool = False) -> ClientKey:
    """The key for the sign-in at the FHIR server; with ``make`` a new one where none is yet.

    Raises:
        SettingsError: ``source.setup``.
    """
    uri, path = settings.source_fhir_key, settings.source_fhir_key_passphrase_file
    passphrase = None if path is None else first_line(path)
    if not uri:
        raise SettingsError("source.setup", "source_fhir_key is not set")
    if make and uri.startswith("file:") and not key_path(uri).exists():
        save_signer(generate_signer("ES384"), key_path(uri), passphrase)
    try:
        return load_client_key(uri, passphrase)
    except ProtocolError as error:
        raise SettingsError("source.setup", error.detail) from error


def open_gp_connect(
    settings: Settings,
    *,
    clock: Callable[[], datetime],
    random: Callable[[int], bytes],
    fetcher: Fetcher | None = None,
) -> GpConnect:
    """The GP Connect endpoint that ``settings`` name."""
    base = settings.source_gp_connect_url.rstrip("/")
    asker = Asker(
        iss=settings.iss,
        ods=settings.ods,
        organisation=settings.name,
        asid=settings.source_gp_connect_from,
        version=VERSION,
        user=settings.source_gp_connect_user,
        user_name=settings.source_gp_connect_user_name,
        sds_user=settings.source_gp_connect_sds_user,
        sds_role=settings.source_gp_connect_sds_role,
    )
    way = fetcher or https(settings)
    return GpConnect(
        open_exchange(settings, base, fetcher=way, smart=None, clock=clock),
        audience=settings.source_gp_connect_audience or base,
        asker=asker,
        provider=settings.source_gp_connect_to,
        random=random,
    )


def open_exchange(
    settings: Settings,
    base: str,
    *,
    fetcher: Fetcher,
    smart: Smart | None,
    clock: Callable[[], datetime],
) -> Exchange:
    """Calls of the server at ``base`` within the limits of ``settings``."""
    return Exchange(
        base,
        fetcher=fetcher,
        smart=smart,
        limits=Limits(seconds=settings.source_seconds, answers=settings.source_answers),
        monotonic=time.monotonic,
        sleep=time.sleep,
        clock=clock,
    )


def https(settings: Settings) -> HttpsFetcher:
    """The way to record systems."""
    return HttpsFetcher(
        ca_file=settings.source_ca_file,
        allowed_private_hosts=frozenset(settings.source_private_hosts),
        timeout=settings.source_call_seconds,
        certificate=settings.source_certificate,
        certificate_key=settings.source_certificate_key,
    )
