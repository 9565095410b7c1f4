"""How people sign in to a page of ours at an OpenID provider, whichever app it is.

The provider's answers are fetched with the Fetcher that is handed in; sessions and sign-ins under
way are kept by the app, in rows whose shape stands here. What is *not* here: storage, cookies,
pages, and what a role may do.
"""

from healthpassport.sign_in.exchange import Demands, Exchange, Vouched
from healthpassport.sign_in.provider import OidcSettings, Provider, open_provider
from healthpassport.sign_in.roles import has_roles, named_roles
from healthpassport.sign_in.steps import (
    CALLBACK_PATH,
    HOME,
    MAX_NAME,
    MAX_UNDER_WAY,
    SIGN_IN_LIFETIME,
    SIGNED_OUT_PATH,
    Leaving,
    SessionRow,
    SignInRow,
    begin,
    begun_here,
    digest,
    finish,
    name_of,
    own_page,
    own_path,
    session_over,
    sign_out_address,
    to_be_noted,
)

__all__ = [
    "CALLBACK_PATH",
    "HOME",
    "MAX_NAME",
    "MAX_UNDER_WAY",
    "SIGNED_OUT_PATH",
    "SIGN_IN_LIFETIME",
    "Demands",
    "Exchange",
    "Leaving",
    "OidcSettings",
    "Provider",
    "SessionRow",
    "SignInRow",
    "Vouched",
    "begin",
    "begun_here",
    "digest",
    "finish",
    "has_roles",
    "name_of",
    "named_roles",
    "open_provider",
    "own_page",
    "own_path",
    "session_over",
    "sign_out_address",
    "to_be_noted",
]
