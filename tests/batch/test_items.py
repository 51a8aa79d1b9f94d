"""What a batch works through, for every kind of input."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from fuselens.batch.items import Frame, Item, find_items
from fuselens.core.errors import InputError


def touch(folder: Path, *names: str) -> None:
    """Make empty files: nothing is read to find them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names_of(items) -> list[str]:
    assert [item.index for item in items] == list(range(len(items)))
    return [item.name for item in items]


def test_folders_in_all_three_ways(tmp_path):
    touch(tmp_path, "ir/f10.png", "ir/f2.png", "ir/only.png", "vi/f2.jpg", "vi/f10.png", "vi/notes.txt")
    for first, second in ((tmp_path / "ir", tmp_path / "vi"), (tmp_path, None), (tmp_path, tmp_path)):
        items = find_items(first, second)
        assert names_of(items) == ["f2", "f10"]
        assert items.names == ("infrared", "visible")
        assert items[0] == Item(0, "f2", Frame(tmp_path / "ir/f2.png"), Frame(tmp_path / "vi/f2.jpg"), None)
        assert items.notes == (f"1 in {tmp_path / 'ir'} without a partner left out: only.png.",)
    assert find_items(tmp_path, None, ("mr", "pet")).names == ("mri", "pet")
    assert pickle.loads(pickle.dumps(items)) == items


@pytest.mark.parametrize(
    ("first", "second"), [("ir/frame_*.png", "vi/img_*.png"), ("ir/frame_%d.png", "vi/img_%d.png"), ("ir/*", "vi/*_*")]
)
def test_sequences_pair_in_natural_order(tmp_path, first, second):
    touch(tmp_path, *(f"ir/frame_{n}.png" for n in range(12)), *(f"vi/img_{n}.png" for n in range(12)), "vi/a.txt")
    items = find_items(tmp_path / first, tmp_path / second)
    assert names_of(items) == [str(n) for n in range(12)]
    assert [(item.a.path.name, item.b.path.name) for item in items][10] == ("frame_10.png", "img_10.png")
    assert items.names == ("infrared", "visible")


def test_sequences_that_share_no_names_are_numbered(tmp_path):
    touch(tmp_path, "ir_00007.png", "ir_00008.png", "ir_9.png", "vi_00107.png", "vi_00108.png")
    items = find_items(tmp_path / "ir_%05d.png", tmp_path / "vi_%05d.png")
    assert names_of(items) == ["000000", "000001"]
    assert items.names == ("infrared", "visible")
    with pytest.raises(InputError, match=r"3 images .* 2; give as many"):
        find_items(tmp_path / "ir_*.png", tmp_path / "vi_*.png")
    with pytest.raises(InputError, match=r"No image is called .*x_\*"):
        find_items(tmp_path / "x_*", tmp_path / "vi_*.png")


def test_a_list_may_name_files_that_are_missing(tmp_path):
    (tmp_path / "list.csv").write_text(
        "a,b,seconds\nir/n_1.png,vi/m_1.png,0\nir/n_2.png,vi/m_2.png,0.5\nx.png,y.png,\n"
    )
    items = find_items(tmp_path / "list.csv")
    assert names_of(items) == ["1", "2", "000002"]
    assert [item.seconds for item in items] == [0, 0.5, None]
    assert items[1].b == Frame(tmp_path / "vi/m_2.png")
    assert items.names == ("infrared", "visible")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("x/1.png,y/1.png,\nz/1.png,w/1.png,", "Rows 1 and 2 .* both called '1'"),
        ("1.png,2.png,n\n3.png,4.png,n", "Rows 1 and 2 .* both called 'n'"),
        ("1.png,2.png,../n", "Row 1 .* leave out slashes"),
        ("1.png,2.png,.n", "leading dot"),
    ],
)
def test_names_of_a_list_must_do_for_files(tmp_path, rows, said):
    (tmp_path / "list.csv").write_text(f"a,b,name\n{rows}\n")
    with pytest.raises(InputError, match=said):
        find_items(tmp_path / "list.csv")


def test_two_files_are_one_item(tmp_path):
    touch(tmp_path, "night_ir.png", "night_vi.png")
    items = find_items(tmp_path / "night_ir.png", tmp_path / "night_vi.png")
    assert names_of(items) == ["night"]
    assert items.names == ("infrared", "visible")


def test_what_does_not_pair_is_refused(tmp_path):
    touch(tmp_path, "ir/1.png", "a.png", "b.mp4", "same/ir/1.png")
    for first, second, said in (
        ("a.png", None, "stands alone"),
        ("a.png", "ir", "is a file and .* a folder"),
        ("b.mp4", "a.png", "is a video and .* a file"),
        ("a.png", "none.png", r"There is no .*none\.png"),
        ("none", None, "stands alone"),
        ("ir", "same/ir", "Both sources are called 'infrared'"),
    ):
        with pytest.raises(InputError, match=said):
            find_items(tmp_path / first, second and tmp_path / second)


def test_videos_pair_by_number_and_the_longer_one_is_cut(tmp_path):
    from tests.batch.videos import pictures, write_video

    first = write_video(tmp_path / "ir.mkv", pictures(12), rate=30)
    second = write_video(tmp_path / "vi.mp4", pictures(15), rate=30)
    items = find_items(first, second)
    assert names_of(items) == [f"{n:06d}" for n in range(12)]
    assert items.names == ("infrared", "visible")
    assert items[11].a == Frame(first, 11)
    assert items[11].seconds == pytest.approx(11 / 30, abs=1e-3)
    assert items.notes == (f"{second} is longer; its last 3 frames (from number 12) are left out.",)


def test_videos_of_different_rates_are_refused(tmp_path):
    from tests.batch.videos import pictures, write_video

    first = write_video(tmp_path / "ir.mkv", pictures(12), rate=25)
    with pytest.raises(InputError, match=r"not of one frame rate: frame 4 .* 0\.160 s and 0\.133 s"):
        find_items(first, write_video(tmp_path / "vi.mkv", pictures(12), rate=30))
    ticks = [*range(6), *range(7, 13)]
    with pytest.raises(InputError, match="not of one frame rate: frame 6"):
        find_items(first, write_video(tmp_path / "gap.mkv", pictures(12), rate=25, ticks=ticks))


def test_frames_that_a_broken_video_announces_stay_items(tmp_path):
    from tests.batch.videos import pictures, write_video

    first = write_video(tmp_path / "ir.mp4", pictures(20), movflags="faststart")
    second = write_video(tmp_path / "vi.mp4", pictures(20))
    first.write_bytes(first.read_bytes()[:-2000])
    items = find_items(first, second)
    assert len(items) == 20
    assert items[19].seconds is None
    assert "breaks off: it announces 20 frames" in items.notes[0]
