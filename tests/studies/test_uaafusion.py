"""The studies of UAAFusion: what each variant changes, and bad input; `test_causal` tests how variants are trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuselens.cli.main import main
from fuselens.core.errors import InputError
from fuselens.models.uaafusion import UAAFusion
from fuselens.studies import uaafusion_settings
from fuselens.studies.protocol import Protocol
from fuselens.studies.uaafusion_ablation import EXPERIMENTS, WHOLE
from fuselens.studies.uaafusion_settings import PATH_STEPS, STAGES

PROTOCOL = Protocol.of(True, {"start": None}, recipe="uaafusion-infrared-visible")


def test_every_experiment_is_another_network_or_another_loss() -> None:
    """The recipe names shipped segmentation weights; without them the networks are the same but for their guide."""
    whole = PROTOCOL.recipe.changed(**WHOLE.changes)
    found = set()
    for variant in EXPERIMENTS:
        recipe = PROTOCOL.recipe.changed(**variant.changes)
        settings = {**recipe.settings, "segmenter": None}
        network = UAAFusion(**settings)
        found.add((tuple(sorted(map(str, settings.items()))), str(recipe.loss)))
        assert recipe != whole
        assert (sum(p.numel() for p in network.parameters()) < 825_192) == ("memory" in str(variant.changes))
    assert len(found) == len(EXPERIMENTS) == 8


def test_sweeps_change_the_setting_that_they_name() -> None:
    built = [UAAFusion(stages=count, segmenter=None) for count in STAGES.default]
    assert [len(one.network.stages) for one in built] == [2, 3, 4, 5, 6, 7, 8]
    assert [UAAFusion(path_samples=count, segmenter=None).path_samples for count in PATH_STEPS.default] == [
        1,
        2,
        3,
        4,
        5,
    ]


@pytest.mark.parametrize("values", [[3], [3, 3], [0, 2]])
def test_values_that_tell_nothing_are_refused(tmp_path: Path, values: list[int]) -> None:
    with pytest.raises(InputError, match="at least two different values, 1 or more each"):
        uaafusion_settings.run(STAGES, [tmp_path], {}, tmp_path / "out", protocol=PROTOCOL, values=values)
    assert not (tmp_path / "out").exists()


def test_bad_input_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["-o", str(tmp_path / "out"), "--quick"]
    assert main(["study", "uaafusion-stages", "--stages", "two", *out]) == 2
    assert "--stages as whole numbers" in capsys.readouterr().err
    assert main(["study", "uaafusion-ablation", *out]) == 2
    assert "--test FOLDER" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
