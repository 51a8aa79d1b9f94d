"""The web application: the page, its files, uploads, and one WebSocket a tab. What each says: PROTOCOL.md."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from fuselens.core.errors import FuseLensError
from fuselens.viewer.guard import Guard
from fuselens.viewer.outbox import Outbox
from fuselens.viewer.page_files import page_files, type_of
from fuselens.viewer.session import Session
from fuselens.viewer.shared import Shared
from fuselens.viewer.uploads import UPLOAD_BYTES

POLICY_VIOLATION = 1008
NO_TOKEN = "This address lacks the right token; open the one that the viewer printed when it started."
TOO_LARGE = f"The file is larger than {UPLOAD_BYTES // 2**20} MB, the most that the viewer takes; crop it."


def make_app(shared: Shared, guard: Guard) -> Any:
    """Return the application.

    Args:
        shared: what its pages share.
        guard: who may use it.
    """
    files = page_files()

    async def page(request: Request) -> Response:
        if not guard.has_token(request):
            return PlainTextResponse(NO_TOKEN, 403)
        return _file("index.html")

    async def part(request: Request) -> Response:
        name = request.path_params["name"]
        return _file(name) if name in files else PlainTextResponse("There is no such file.", 404)

    def _file(name: str) -> Response:
        return Response(files[name].read_bytes(), headers={"Content-Type": type_of(name)})

    async def upload(request: Request) -> Response:
        if not guard.has_token(request) or not guard.is_own_page(request):
            return JSONResponse({"error": NO_TOKEN}, 403)
        try:
            content = await _body(request)
            kept = await asyncio.to_thread(shared.uploads.add, content, request.query_params.get("name", ""))
        except OverflowError:
            return JSONResponse({"error": TOO_LARGE}, 413)
        except FuseLensError as error:
            return JSONResponse({"error": str(error)}, 400)
        except ClientDisconnect:
            return Response(status_code=400)
        return JSONResponse({"upload": kept.path.stem, "name": kept.name})

    async def socket(websocket: WebSocket) -> None:
        if not guard.has_token(websocket) or not guard.is_own_page(websocket):
            await websocket.close(POLICY_VIOLATION)
            return
        await websocket.accept()
        await _serve(websocket, shared)

    routes = [
        Route("/", page),
        Route("/page/{name:path}", part),
        Route("/upload", upload, methods=["POST"]),
        WebSocketRoute("/ws", socket),
    ]
    return _guarded(Starlette(routes=routes), guard)


async def _body(request: Request) -> bytes:
    """Return the file that is sent.

    Raises:
        OverflowError: it is too large; found out before all of it is read.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > UPLOAD_BYTES:
            raise OverflowError
    return bytes(content)


async def _serve(websocket: WebSocket, shared: Shared) -> None:
    """Serve one page until it leaves."""
    outbox = Outbox()
    session = Session(shared, outbox)
    sender = asyncio.create_task(_send(websocket, outbox))
    try:
        while True:
            await outbox.room()  # who does not read cannot ask for more
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if not await session.receive(message.get("text")):
                await outbox.emptied()
                await websocket.close(POLICY_VIOLATION)
                return
    except (WebSocketDisconnect, asyncio.CancelledError):
        return  # the page has left, or the viewer ends
    finally:
        session.close()
        sender.cancel()


async def _send(websocket: WebSocket, outbox: Outbox) -> None:
    try:
        while True:
            for payload in await outbox.take():
                if isinstance(payload, str):
                    await websocket.send_text(payload)
                else:
                    await websocket.send_bytes(payload)
    except (WebSocketDisconnect, RuntimeError):
        return  # the page has left; the reader notices, too


def _guarded(app: Any, guard: Guard) -> Any:
    """Refuse requests under a foreign name, and put the guard's headers on every answer."""

    async def guarded(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        if not guard.knows_host(Request(scope) if scope["type"] == "http" else WebSocket(scope, receive, send)):
            refusal = PlainTextResponse("The viewer is not known under this name.", 403)
            await (refusal(scope, receive, send) if scope["type"] == "http" else send({"type": "websocket.close"}))
            return

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(guard.headers())
            await send(message)

        await app(scope, receive, send_with_headers)

    return guarded
