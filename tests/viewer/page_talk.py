"""A page as a program: it talks to a real server, and decodes frames by their description alone."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from websockets.sync.client import ClientConnection, connect

ENDS = {"done", "failed", "stopped", "superseded"}
PATIENCE = 60


class Answer(NamedTuple):
    head: dict[str, Any]
    arrays: dict[str, torch.Tensor]

    @property
    def kind(self) -> str:
        return str(self.head["kind"])


def decoded(message: str | bytes) -> Answer:
    if isinstance(message, str):
        return Answer(json.loads(message), {})
    (length,) = struct.unpack("<I", message[:4])
    head = json.loads(message[4 : 4 + length])
    arrays = {}
    for name, about in head.pop("arrays").items():
        assert about["offset"] % 8 == 0
        assert about["offset"] >= 4 + length
        count = int(np.prod(about["shape"]))
        values = np.frombuffer(message, np.dtype(about["dtype"]).newbyteorder("<"), count, about["offset"])
        arrays[name] = torch.from_numpy(values.reshape(about["shape"]).copy())
    return Answer(head, arrays)


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.last = socket, 0
        self.heard: list[Answer] = []
        self.hello = self.next().head

    def next(self) -> Answer:
        return decoded(self.socket.recv(timeout=PATIENCE))

    def send(self, kind: str, **fields: Any) -> int:
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "kind": kind, **fields}))
        return self.last

    def until_end(self, number: int) -> list[Answer]:
        """Return the answers to a request but for its progress; its end is the last."""

        def mine(answer: Answer) -> bool:
            return answer.head.get("id") == number

        while not any(mine(answer) and answer.kind in ENDS for answer in self.heard):
            self.heard.append(self.next())
        found = [answer for answer in self.heard if mine(answer)]
        self.heard = [answer for answer in self.heard if not mine(answer)]
        assert [answer.kind in ENDS for answer in found].index(True) == len(found) - 1, "something after the end"
        return [answer for answer in found if answer.kind != "progress"]

    def ask(self, kind: str, **fields: Any) -> list[Answer]:
        return self.until_end(self.send(kind, **fields))

    def first(self, kind: str, **fields: Any) -> Answer:
        """Return the first answer to a request that succeeds."""
        answers = self.ask(kind, **fields)
        assert answers[-1].kind == "done", answers[-1].head
        return answers[0]

    def error(self, kind: str, **fields: Any) -> str:
        (answer,) = self.ask(kind, **fields)
        assert answer.kind == "failed"
        return str(answer.head["error"])


@contextmanager
def tab(url: str, **settings: Any) -> Iterator[Page]:
    address = url.replace("http://", "ws://").replace("/?", "/ws?")
    with connect(address, max_size=None, compression=None, open_timeout=PATIENCE, **settings) as socket:
        yield Page(socket)
