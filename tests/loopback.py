"""HTTP to servers on this machine."""

import ssl

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak plain HTTP: reading the authorities' certificates takes each of them 50 ms for nothing."""
