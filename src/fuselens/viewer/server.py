"""The viewer at work: uvicorn in a thread of its own, from a bound port to a clean end."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import torch

from fuselens.core.errors import InputError, MissingExtraError
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair

LOCALHOST = "127.0.0.1"
# Larger messages are cut off by the socket; those between this and the protocol's limit are answered.
SOCKET_MESSAGE_BYTES = 2**24


class Server:
    """A viewer that serves pages until it is closed.

    Attributes:
        url: the page's address, with its token.
    """

    def __init__(
        self,
        models: Sequence[FusionModel] = (),
        pair: ImagePair | None = None,
        *,
        host: str = LOCALHOST,
        port: int = 0,
        device: str | torch.device = "cpu",
        may_be_framed: bool = False,
    ) -> None:
        """Start it, and return when it answers.

        Args:
            models: models that the user brought.
            pair: the pair to begin with; None for the built-in examples.
            host: the address to listen on.
            port: 0 takes a free one.
            device: where the other models are loaded.
            may_be_framed: whether a notebook may show the page in a frame.

        Raises:
            MissingExtraError: the extra `view` is not installed.
            InputError: the port is in use, or the address is not ours.
        """
        require_extra()
        import uvicorn

        from fuselens.viewer.app import make_app
        from fuselens.viewer.catalogue import Catalogue
        from fuselens.viewer.guard import Guard
        from fuselens.viewer.shared import Shared
        from fuselens.viewer.uploads import Uploads

        self._socket = _bound(host, port)
        self._threads = torch.get_num_threads()
        guard = Guard(host, may_be_framed)
        self._shared = Shared(Catalogue(models, device), Uploads(), pair)
        config = uvicorn.Config(
            make_app(self._shared, guard),
            log_level="error",
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_ping_timeout=120,  # a busy machine is no lost page
            ws_max_size=SOCKET_MESSAGE_BYTES,
            ws_per_message_deflate=False,  # numbers hardly shrink, and it would take longer than sending them
            timeout_graceful_shutdown=5,
            server_header=False,
        )
        self._server: Any = uvicorn.Server(config)
        self.url = f"http://{_in_url(host)}:{self._socket.getsockname()[1]}/?token={guard.token}"
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="fuselens-view", daemon=True
        )
        self._thread.start()
        self._await_start()

    def wait(self) -> None:
        """Wait until the viewer ends."""
        while self._thread.is_alive():
            self._thread.join(1)  # in turns, so that Ctrl-C gets through everywhere

    def close(self) -> None:
        """End the viewer: pages lose their connection, jobs stop, models are as they were, uploads are gone."""
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        self._shared.catalogue.close()
        self._shared.uploads.close()
        torch.set_num_threads(self._threads)

    def _await_start(self) -> None:
        while not self._server.started:
            if not self._thread.is_alive():
                raise InputError("The viewer could not start; the lines above say why.")
            self._thread.join(0.01)


def require_extra() -> None:
    """Refuse before anything long begins.

    Raises:
        MissingExtraError: the extra `view` is not installed.
    """
    for name in ("starlette", "uvicorn", "websockets"):
        if find_spec(name) is None:
            raise MissingExtraError("The viewer", "view")


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket at this address.

    Raises:
        InputError: it is taken, or not ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"There is no address {host} here: {error.strerror}; leave --host out.") from error
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen()
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"Port {port} of {host} is in use; take another one, or --port 0 for any.") from error
        raise InputError(f"Cannot listen on {host}:{port}: {error.strerror}; take another address.") from error
    return found


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
