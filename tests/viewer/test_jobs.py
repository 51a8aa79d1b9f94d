"""Who waits for whom: the newest hover wins, what is stopped is silent, tabs and pairs do not disturb each other."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch

import fuselens as fl
from fuselens.viewer import jobs
from fuselens.viewer.server import Server
from fuselens.viewer.work import explain
from tests.viewer.conftest import Gated
from tests.viewer.page_talk import ENDS, Answer, Page, tab


def told(page: Page) -> list[Answer]:
    """Return all that is said until a request ends, progress too."""
    heard = [page.next()]
    while heard[-1].kind not in ENDS:
        heard.append(page.next())
    return heard


def kinds(page: Page, number: int) -> list[str]:
    return [answer.kind for answer in page.until_end(number)]


def test_a_newer_hover_supersedes_what_waits_and_what_runs(page: Page, gated: Gated) -> None:
    gated.shut()
    running = page.send("jacobian", model="gated", pixel=[1, 1], channel="hover")
    assert gated.entered.wait(30)
    probe = page.send("jacobian", model="gated", pixel=[9, 9], channel="probe-1")
    waiting = page.send("jacobian", model="gated", pixel=[2, 2], channel="hover")
    newest = page.send("jacobian", model="gated", pixel=[3, 3], channel="hover")
    assert kinds(page, running) == ["superseded"]
    assert kinds(page, waiting) == ["superseded"]
    gated.gate.set()
    answers = page.until_end(newest)
    assert [answer.kind for answer in answers] == ["jacobian", "done"]
    assert answers[0].head["pixel"] == [3, 3]
    assert kinds(page, probe) == ["jacobian", "done"]


def test_hover_does_not_wait_for_long_jobs(page: Page, gated: Gated) -> None:
    gated.shut()
    long = page.send("guidance", model="gated")
    assert gated.entered.wait(30)
    assert page.first("jacobian", model="small", pixel=[1, 1], channel="hover").kind == "jacobian"
    assert page.first("fuse", model="small").kind == "fused"
    gated.gate.set()
    assert kinds(page, long)[-2:] == ["guidance", "done"]


def test_stop_ends_what_runs_and_what_waits(page: Page, gated: Gated) -> None:
    gated.shut()
    running, waiting = page.send("guidance", model="gated"), page.send("state", model="average")
    assert gated.entered.wait(30)
    for job in (running, waiting):
        page.ask("stop", target=job)
        assert kinds(page, job)[-1] == "stopped"
    gated.gate.set()
    assert page.first("state", model="average").kind == "state"
    assert page.ask("stop", target=running)[-1].kind == "done"


def test_stop_while_the_curve_is_scored_leaves_the_set(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, gate = threading.Event(), threading.Event()

    def slow(*given: Any) -> None:
        entered.set()
        assert gate.wait(60)
        given[-1](1, 2)

    monkeypatch.setattr(explain, "ranking", slow)
    about = {"model": "small", "box": [4, 5, 18, 20], "settings": {"units": "grid:8"}}
    number = page.send("explain", method="ddfimage", **about)
    assert entered.wait(60)
    page.ask("stop", target=number)
    gate.set()
    assert kinds(page, number) == ["set", "stopped"]
    kept = page.ask("snapshot", models=["small"], probes=[], boxes=[], explanations=[number])
    assert [answer.kind for answer in kept] == ["snapshot", "done"]


def test_samples_are_counted_beforehand_and_searches_as_they_go(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SECONDS_BETWEEN_REPORTS", 0)
    heard = {}
    cases = {"rise": {"samples": 40}, "lime": {"samples": 40, "max_images": 30}, "ddfimage": {"max_images": 100}}
    for method, settings in cases.items():
        page.send("explain", model="small", box=[4, 5, 18, 20], method=method, settings=settings)
        answers = told(page)
        before = [answer.kind for answer in answers].index("set" if method == "ddfimage" else "map")
        progress = [answer.head for answer in answers[:before] if answer.kind == "progress"]
        heard[method] = [(each["done"], each["total"]) for each in progress]
    assert heard["rise"][-1] == (43, 43)
    assert heard["lime"][-1][1] == 30
    assert heard["ddfimage"][-1][0] > 3
    assert {total for _, total in heard["ddfimage"]} == {0}


class Counting(torch.autograd.Function):
    """The identity, which counts the passes back and stands still in the third."""

    passes, entered, gate = 0, threading.Event(), threading.Event()

    @staticmethod
    def forward(_: object, values: torch.Tensor) -> torch.Tensor:
        return values.clone()

    @staticmethod
    def backward(_: object, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        Counting.passes += 1
        if Counting.passes == 3:
            Counting.entered.set()
            assert Counting.gate.wait(60)
        return gradient


def test_guidance_that_is_stopped_computes_no_more(pair: fl.ImagePair) -> None:
    model = fl.wrap_model(lambda a, b: Counting.apply(0.5 * a + 0.5 * b), 8, name="counting")
    server = Server([model], pair)
    try:
        with tab(server.url) as page:
            page.first("open", pair={"given": True})
            number = page.send("guidance", model="counting")
            assert Counting.entered.wait(60)
            page.ask("stop", target=number)
            Counting.gate.set()
            assert kinds(page, number)[-1] == "stopped"
            # The same thread answers: it has left the guidance.
            assert page.first("state", model="weighted_average").kind == "state"
            assert Counting.passes == 3
    finally:
        server.close()


def test_opening_another_pair_stops_what_concerned_the_old_one(page: Page, gated: Gated) -> None:
    gated.shut()
    old = page.send("guidance", model="gated")
    assert gated.entered.wait(30)
    assert "no longer there" in page.error("open", pair={"uploads": ["no", "file"]})
    opened = page.first("open", pair={"example": "brain"})
    assert kinds(page, old)[-1] == "stopped"
    gated.gate.set()
    fused = page.first("fuse", model="gated")
    assert fused.arrays["fused"].shape == tuple(opened.head["size"])
    assert "guidance" in page.error("region", model="gated", box=[1, 1, 5, 5])


def test_tabs_do_not_disturb_each_other(page: Page, server: Server, gated: Gated) -> None:
    gated.shut()
    mine = page.send("jacobian", model="gated", pixel=[1, 1], channel="hover")
    assert gated.entered.wait(30)
    with tab(server.url) as other:
        assert "open" in other.error("fuse", model="average")
        other.first("open", pair={"example": "brain"})
        assert other.first("jacobian", model="small", pixel=[200, 9], channel="hover").kind == "jacobian"
        theirs = other.send("jacobian", model="gated", pixel=[200, 200], channel="hover")
        gated.gate.set()
        assert kinds(page, mine) == ["jacobian", "done"]
        assert kinds(other, theirs) == ["jacobian", "done"]
    assert page.first("jacobian", model="small", pixel=[1, 1], channel="hover").kind == "jacobian"


def test_a_tab_that_leaves_stops_its_jobs(server: Server, gated: Gated) -> None:
    with tab(server.url) as leaving:
        leaving.first("open", pair={"given": True})
        gated.shut()
        leaving.send("guidance", model="gated")
        assert gated.entered.wait(30)
    gated.gate.set()
    with tab(server.url) as next_one:
        assert next_one.ask("ping")[-1].kind == "done"


def test_too_many_waiting_requests_are_refused(page: Page, gated: Gated) -> None:
    gated.shut()
    first = page.send("fuse", model="gated")
    assert gated.entered.wait(30)
    waiting = [page.send("fuse", model="average") for _ in range(32)]
    assert "wait already" in page.error("fuse", model="average")
    gated.gate.set()
    assert [kinds(page, number)[-1] for number in (first, *waiting)] == ["done"] * 33


def test_a_fault_of_ours_is_told_without_its_details(
    page: Page, gated: Gated, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gated, "forward", lambda a, b: {}["/secret/path"])
    error = page.error("fuse", model="gated")
    assert "fault of FuseLens" in error
    assert "secret" not in error
    assert "/secret/path" in caplog.text, "the terminal says more"
