"""Protocol messages and their checks: OpenID4VCI, OpenID4VP and DCQL, without any HTTP."""
