"""The studies of UAAFusion: what each variant changes, and bad input; `test_causal` tests how variants are trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuselens.cli import study_uaafusion
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


def test_settings_of_the_user_win_over_those_of_quick() -> None:
    plan = Protocol.of(True, {"steps": 7, "crop": 48}, recipe="uaafusion-infrared-visible")
    assert (plan.recipe.steps, plan.recipe.crop, plan.recipe.validation) == (7, 48, 0.0)


@pytest.mark.parametrize("quick", [True, False])
def test_studies_start_from_random_weights(quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network without a part cannot start from the weights of one that has it."""
    plans: list[Protocol] = []
    monkeypatch.setattr(study_uaafusion, "run_on_folders", lambda *given: plans.append(given[7]))
    study_uaafusion.uaafusion_ablation(quick=quick, settings=["batch_size=3"])
    study_uaafusion.uaafusion_stages(quick=quick)
    study_uaafusion.uaafusion_path_steps(quick=quick)
    assert [(plan.recipe.start, plan.recipe.lr) for plan in plans] == [(None, 0.001)] * 3
    assert {plan.recipe.steps for plan in plans} == {100 if quick else 1200}
    assert plans[0].recipe.batch_size == 3


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
