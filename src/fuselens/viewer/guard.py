"""Who may talk to the viewer: holders of the token, from our own page, under a name that this machine has.

A page of another site can make a browser call 127.0.0.1, and can have its own name resolve to it: so the names in Host
and Origin are checked, beside the token, which such a page cannot know.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OWN_PARTS = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'"
_REST = "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Guard:
    """The rules of one viewer.

    Attributes:
        host: the address it listens on.
        may_be_framed: whether other pages, such as a notebook, may show it in a frame.
        token: the secret in its URL.
    """

    host: str
    may_be_framed: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def knows_host(self, connection: HTTPConnection) -> bool:
        """Say whether the request names this machine; on other addresses than loopback every name may be ours."""
        return self.host not in LOOPBACK or _name_of(connection.headers.get("host", "")) in LOOPBACK

    def has_token(self, connection: HTTPConnection) -> bool:
        """Say whether the request carries the token."""
        given = connection.query_params.get("token", "")
        return hmac.compare_digest(given.encode(), self.token.encode())

    def is_own_page(self, connection: HTTPConnection) -> bool:
        """Say whether the request comes from our own page; programs that are no browsers send no origin."""
        origin = connection.headers.get("origin")
        host = connection.headers.get("host", "")
        return origin is None or origin in (f"http://{host}", f"https://{host}")

    def headers(self) -> dict[str, str]:
        """Return the headers of every answer."""
        frames = "" if self.may_be_framed else "; frame-ancestors 'none'"
        return {
            "Content-Security-Policy": f"{_OWN_PARTS}; {_REST}{frames}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
        }


def _name_of(host: str) -> str:
    """Return the name in a Host header, without its port.

    Example:
        >>> _name_of("localhost:8000"), _name_of("[::1]:8000"), _name_of("localhost.evil.org")
        ('localhost', '::1', 'localhost.evil.org')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
