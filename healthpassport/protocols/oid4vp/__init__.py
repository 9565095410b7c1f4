"""OpenID4VP 1.0 messages: the link, the request object, the response (sections 5 and 8).

Shapes only, without signature, encryption or HTTP: ``healthpassport.requests`` verifies who asks,
``healthpassport.verification`` verifies what was answered.
"""

from healthpassport.protocols.oid4vp.codes import (
    TypedCode,
    folded,
    looks_like_code,
    read_code,
    spelled,
)
from healthpassport.protocols.oid4vp.links import RequestLink
from healthpassport.protocols.oid4vp.request import (
    REQUEST_OBJECT_TYPE,
    RequestObject,
    ResponseKey,
    build_request,
)
from healthpassport.protocols.oid4vp.response import (
    EncryptedResponse,
    ErrorResponse,
    VpResponse,
    build_vp_token,
    encode_error,
    encode_response,
    parse_form,
    parse_payload,
    vp_token,
)

__all__ = [
    "REQUEST_OBJECT_TYPE",
    "EncryptedResponse",
    "ErrorResponse",
    "RequestLink",
    "RequestObject",
    "ResponseKey",
    "TypedCode",
    "VpResponse",
    "build_request",
    "build_vp_token",
    "encode_error",
    "encode_response",
    "folded",
    "looks_like_code",
    "parse_form",
    "parse_payload",
    "read_code",
    "spelled",
    "vp_token",
]
