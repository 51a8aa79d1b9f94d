"""The documentation is true: its Python runs, its commands parse, its links and names resolve, its tables agree."""

from __future__ import annotations

import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import tifffile
import typer
import yaml
from PIL import Image

import fuselens as fl
from fuselens.cli.main import app, main
from fuselens.cli.train import adjusted_recipe
from fuselens.core.targets import parse_target
from fuselens.data.examples import EXAMPLES
from fuselens.models import MODELS
from fuselens.training.objectives import OBJECTIVES
from fuselens.training.objectives.similarity import Similarity
from fuselens.training.paper_settings import PAPER_SETTINGS
from fuselens.training.recipe import Recipe, load_recipe, shipped_recipes

ROOT = Path(__file__).resolve().parents[1]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [*GUIDES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "src").rglob("README.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FOREIGN_OPTIONS = {"--strict", "--update", "--help"}  # of mypy, of tests/test_api_surface.py, of every command
GROUP: Any = typer.main.get_command(app)
STUDIES: dict[str, Any] = GROUP.commands["study"].commands
COMMANDS: dict[str, Any] = GROUP.commands | {f"study {name}": command for name, command in STUDIES.items()}


class Block(NamedTuple):
    """A fenced block: its words after the fence, the line it starts on, its text."""

    words: list[str]
    line: int
    text: str


def blocks_of(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    opened: Block | None = None
    body: list[str] = []
    for number, line in enumerate(lines, start=1):
        if opened is None and line.startswith("```"):
            opened, body = Block(line[3:].split(), number, ""), []
        elif opened is not None and line.rstrip() == "```":
            yield opened._replace(text="\n".join(body) + "\n")
            opened = None
        else:
            body.append(line)
    assert opened is None, f"{page}: the block opened on line {opened.line} is never closed"


def prose_of(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def identify(page: Path) -> str:
    return str(page.relative_to(ROOT))


def shell_lines() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for block in blocks_of(page):
            if block.words[:1] in (["sh"], ["console"]):
                for line in block.text.replace("\\\n", " ").splitlines():
                    if words := shlex.split(line.removeprefix("$ "), comments=True):
                        yield f"{identify(page)}: {shlex.join(words)}", words


SHELL = list(shell_lines())


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the tiny files that the guides talk of."""
    random = np.random.default_rng(0)

    def save(name: str, shape: tuple[int, ...]) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(path)

    for name, shape in (("ir", (16, 20)), ("vi", (16, 20, 3))):
        save(f"{name}.png", shape)
        save(f"pairs/train/{name}/001.png", shape)
    tifffile.imwrite(tmp_path / "thermal.tif", random.integers(2000, 6001, (16, 20), dtype=np.uint16))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_volumes(folder: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    for name in ("mri", "pet"):
        values = np.random.default_rng(len(name)).random((12, 10, 8), dtype=np.float32)
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), folder / f"{name}.nii.gz")


@pytest.mark.parametrize("page", GUIDES, ids=identify)
def test_python_runs(page: Path, workplace: Path) -> None:
    """All blocks of a page share one namespace, as a reader's session would."""
    if "nii.gz" in page.read_text(encoding="utf-8"):
        write_volumes(workplace)
    namespace: dict[str, Any] = {"__name__": page.stem}
    for block in blocks_of(page):
        if block.words[:1] == ["python"]:
            if "no-run" in block.words:
                assert block.text.startswith("# "), f"{page}:{block.line}: say in the first line why it cannot run"
                continue
            exec(compile("\n" * block.line + block.text, str(page), "exec"), namespace)


@pytest.mark.parametrize(("place", "words"), SHELL, ids=[place for place, _ in SHELL])
def test_shell_lines_are_possible(place: str, words: list[str]) -> None:
    program, *arguments = words
    if program == "fuselens":
        name, *rest = arguments
        if name == "study":
            name, rest = f"study {rest[0]}", rest[1:]
        assert name in COMMANDS, place
        check_arguments(COMMANDS[name].make_context(name, rest).params)
    elif program == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), place
    elif program == "pip":
        extras = re.findall(r"\[(.*?)]", " ".join(arguments))
        assert set(",".join(extras).split(",")) <= {"", *PROJECT["optional-dependencies"]}, place
    else:
        pytest.fail(f"{place}: no test knows '{program}'; teach it or leave the line out")


def check_arguments(given: dict[str, Any]) -> None:
    """Names that the parser takes as they are must exist, too."""
    for model in [given["model"]] if given.get("model") else given.get("models") or []:
        name, _, weights = model.partition(":")
        assert ".py:" in model or name in MODELS or name.endswith(".onnx")
        if weights and not model.endswith((".py:make", ".safetensors", ".onnx:measure")):
            assert f"{name}-{weights}" in fl.list_weights()
    if recipe := given.get("recipe"):
        assert recipe.endswith(".yaml") or load_recipe(recipe)
        if not recipe.endswith(".yaml"):
            adjusted_recipe(recipe, given["settings"], given["preset"])
    for target in given.get("target") or []:
        parse_target(target)
    assert given.get("example") in {None, *EXAMPLES}


CHEAP = sorted(
    {shlex.join(words[1:]) for _, words in SHELL if words[0] == "fuselens" and words[1] in ("list", "doctor")}
)


@pytest.mark.parametrize("line", CHEAP)
def test_cheap_commands_run(line: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(line)) == 0
    shown = capfd.readouterr()
    assert (shown.out if line.startswith("list") or "--json" in line else shown.err).strip()


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_links_resolve(page: Path) -> None:
    for link in re.findall(r"]\(([^)\s]+)\)", prose_of(page)):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        aim = (page.parent / path).resolve() if path else page
        assert aim.is_relative_to(ROOT), f"{link} leaves the project"
        assert aim.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors_of(aim), f"{link}: no such heading"


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    options = {word for command in COMMANDS.values() for p in command.params for word in (*p.opts, *p.secondary_opts)}
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]+", prose_of(page))) <= options | FOREIGN_OPTIONS
    assert all(hasattr(fl, name) for name in re.findall(r"\bfl\.(\w+)", text))
    for command in re.findall(r"`fuselens ([a-z][\w-]+)", prose_of(page)):
        assert command in COMMANDS, f"there is no 'fuselens {command}'"
    for path in re.findall(r"`((?:src|tests|docs|examples|benchmarks)/[\w./-]+)`", prose_of(page)):
        assert (ROOT / path).exists(), f"{path} does not exist"


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"study"}))
def test_every_option_is_described(name: str) -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", text.split(f"\n## {name}\n")[1], flags=re.MULTILINE)[0]
    for parameter in COMMANDS[name].params:
        if parameter.param_type_name == "option":
            for option in (*parameter.opts, *parameter.secondary_opts):
                assert f"`{option}`" in section, f"docs/command-line.md does not describe {option} of {name}"


def rows_of(page: Path) -> dict[str, list[str]]:
    return rows_in(page.read_text(encoding="utf-8"))


def rows_in(text: str) -> dict[str, list[str]]:
    """Return the table rows of a text whose first cell is code, by that code."""
    rows = re.findall(r"^\| (`.+?) \|(.+)\|$", text, flags=re.MULTILINE)
    cells = [(first, [cell.strip() for cell in rest.split("|")]) for first, rest in rows]
    return {name: others for first, others in cells for name in re.findall("`(.+?)`", first)}


@pytest.mark.parametrize("name", fl.list_models())
def test_models_page_agrees_with_the_models(name: str) -> None:
    model = fl.load_model(name, weights=None)
    parameters, reach, _ = rows_of(ROOT / "docs" / "models.md")[name]
    assert int(parameters.split()[0].replace(",", "")) == sum(p.numel() for p in model.parameters())
    assert reach == ("global" if model.reach is None else str(model.reach))


def test_readme_promises_the_weights_that_are_shipped() -> None:
    rows = rows_of(ROOT / "README.md")
    promised = {f"{name}-{weights}" for name in MODELS for weights in re.findall("`(.+?)`", rows[name][0])}
    assert promised == set(fl.list_weights())


def test_readme_names_every_explainer() -> None:
    assert set(fl.list_explainers()) <= set(rows_of(ROOT / "README.md"))


def test_training_page_describes_every_setting() -> None:
    described = rows_of(ROOT / "docs" / "training.md")
    for field in fields(Recipe):
        names = [name for name in described if name == field.name or name.startswith(f"{field.name}.")]
        assert names, f"docs/training.md does not describe the recipe's {field.name}"


@pytest.mark.parametrize("name", OBJECTIVES)
def test_training_page_describes_every_objective(name: str) -> None:
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    described = rows_in(text.split(f"\n### {name}\n")[1].split("\n##")[0])
    expected = OBJECTIVES[name]().as_dict()
    assert described.keys() == {f"loss.{key}" for key in expected}
    for key, default in expected.items():
        words = str(default).lower() if isinstance(default, bool) else f"{default:g}" if default != "" else "empty"
        assert words in described[f"loss.{key}"][0].split(", "), f"default of {key}"


@pytest.mark.parametrize("name", PAPER_SETTINGS)
def test_training_page_gives_the_papers_settings(name: str) -> None:
    recipe = load_recipe(name if name in shipped_recipes() else f"{name}-infrared-visible")
    paper = recipe.as_in_the_paper()
    row = rows_of(ROOT / "docs" / "training.md")[name]
    numbers = [float(cell.split()[0].replace(",", "")) for cell in row[:4]]
    if isinstance(paper.loss, Similarity):
        assert numbers == [paper.loss.gamma_ssim, paper.loss.gamma_l2, paper.lr, paper.batch_size]
        return
    assert numbers == [paper.lr, paper.batch_size, paper.crop, paper.steps]
    assert ("`halving`" in row[0]) == (paper.schedule == "halving")
    assert ("RMSprop" in row[4]) == (paper.optimiser == "rmsprop")
    assert ("no flips" in row[4]) == (not paper.flips)
    assert (f"`{paper.objective}`" in row[4]) == (paper.objective != recipe.objective)
    assert (f"weight decay {paper.weight_decay:g}" in row[4]) == (paper.weight_decay > 0)


def test_citation_and_changelog_are_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert citation["version"] == fl.__version__
    assert f"## [{fl.__version__}] - {citation['date-released']}" in changes
    assert citation["license"] == PROJECT["license"] == "Apache-2.0"


def test_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.splitlines()) > 200


def test_pictures_of_the_guides_can_be_drawn(tmp_path: Path) -> None:
    figures = runpy.run_path(str(ROOT / "examples" / "make_figures.py"))
    figures["main"](["--out", str(tmp_path), "--size", "64", "80", "--models", "average", "laplacian_pyramid"])
    for name in ("overview.png", "contact-sheet.png"):
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 200
        assert (tmp_path / name).stat().st_size < 700_000
        assert (ROOT / "docs" / "images" / name).stat().st_size < 700_000
