"""The practice's and the hospital's own computer systems, as far as this demonstration needs them.

They speak to issuer and desk over https with their API keys, as any third party would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import ServiceError
from healthpassport.fetch import Fetcher, HttpRequest

MAX_ANSWER: Final = 4_194_304  # bytes; a result holds every shared item


@dataclass(frozen=True, slots=True)
class ApiClient:
    """One party's way to an API: base URL, key, network."""

    url: str
    key: str
    fetcher: Fetcher

    def get(self, path: str) -> dict[str, Json]:
        """The JSON object at ``path``."""
        return self._send("GET", path, b"", "application/json")

    def post(self, path: str, value: Mapping[str, Json]) -> dict[str, Json]:
        """What ``path`` answers to the JSON object ``value``."""
        return self._send("POST", path, dump_json(value), "application/json")

    def post_fhir(self, path: str, bundle: bytes, record_types: Sequence[str]) -> dict[str, Json]:
        """What ``path`` answers to a FHIR resource, its bytes as they are."""
        query = "&".join(f"recordTypes={name}" for name in record_types)
        target = f"{path}?{query}" if query else path
        return self._send("POST", target, bundle, "application/fhir+json")

    def _send(self, method: str, path: str, body: bytes, kind: str) -> dict[str, Json]:
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        if body:
            headers["Content-Type"] = kind
        request = HttpRequest(
            method=method, url=self.url + path, headers=headers, body=body, max_bytes=MAX_ANSWER
        )
        response = self.fetcher.fetch(request)
        answer = parse_json_object(response.body, max_bytes=MAX_ANSWER)
        if not 200 <= response.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
            raise ServiceError("demo.refused", str(answer.get("detail") or answer.get("code")))
        return answer
