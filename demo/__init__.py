"""Authority, issuer, wallet and desk together on one machine, with made-up patients."""
