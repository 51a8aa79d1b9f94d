"""Who waits for whom: the newest hover wins, what is stopped is silent, tabs and pairs do not disturb each other."""

from __future__ import annotations

import pytest

from fuselens.viewer.server import Server
from tests.viewer.conftest import Gated
from tests.viewer.page_talk import Page, tab


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
