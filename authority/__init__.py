"""Who may issue and who may ask: the certificate authority and the trust list's publication."""
