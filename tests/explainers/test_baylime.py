"""BayLIME: the posterior against closed forms and an independent fit, its limits, priors, seeds, budgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.targets import Downstream, RegionMean
from fuselens.explainers.baylime import baylime
from fuselens.explainers.lime import lime
from fuselens.explainers.occlusion import occlusion
from fuselens.explainers.posterior import posterior
from fuselens.explainers.surrogate import Regression
from tests.explainers.known_answers import contributions, linear_target, only_a, pair_of, tiny_network, unit_sums

Array = npt.NDArray[np.float64]
REGION = RegionMean((2, 3, 14, 15))


def problem(samples: int = 80, units: int = 9, weighted: bool = True) -> tuple[Regression, Array, Array, Array]:
    """A noisy linear problem: as a regression, and its centred masks and scores and its weights."""
    rng = np.random.default_rng(2)
    masks = rng.random((samples, units)) < 0.5
    scores = masks @ rng.normal(size=units) + 0.3 * rng.normal(size=samples) + 2
    weights = rng.random(samples) + 0.2 if weighted else np.ones(samples)
    share = weights / weights.sum()
    x, y = masks - share @ masks, scores - share @ scores
    given = (torch.from_numpy(masks), torch.from_numpy(scores)[:, None], torch.from_numpy(weights))
    return Regression.of(*given), x, y, weights


def test_the_posterior_is_the_formula() -> None:
    regression, x, y, weights = problem()
    prior = np.linspace(-1, 1, 9)
    found = posterior(regression, torch.from_numpy(prior), noise_precision=3.0, prior_precision=0.7)
    covariance = np.linalg.inv(0.7 * np.eye(9) + 3.0 * x.T @ np.diag(weights) @ x)
    np.testing.assert_allclose(found.mean, covariance @ (0.7 * prior + 3.0 * x.T @ (weights * y)), atol=1e-12)
    np.testing.assert_allclose(found.std, np.sqrt(np.diag(covariance)), atol=1e-12)


def test_the_limits() -> None:
    regression, x, y, weights = problem()
    prior = torch.linspace(-1, 1, 9, dtype=torch.float64)
    squares = np.linalg.lstsq(np.sqrt(weights)[:, None] * x, np.sqrt(weights) * y, rcond=None)[0]
    loose = posterior(regression, prior, noise_precision=1.0, prior_precision=1e-10)
    np.testing.assert_allclose(loose.mean, squares, atol=1e-8)
    firm = posterior(regression, prior, noise_precision=1e-12, prior_precision=1.0)
    np.testing.assert_allclose(firm.mean, prior, atol=1e-8)
    np.testing.assert_allclose(firm.std, np.ones(9), atol=1e-8)
    ridge = regression.ridge(0.7 / 3.0)[:, 0]
    none = posterior(regression, torch.zeros(9), noise_precision=3.0, prior_precision=0.7)
    np.testing.assert_allclose(none.mean, ridge, atol=1e-12)


def fitted(x: Array, y: Array, weights: Array, prior: Array, lam: float | None) -> tuple[Array, Array, float, float]:
    """MacKay's updates with plain inverses, far beyond convergence; a given lambda stays."""
    gram, moment = x.T @ (weights[:, None] * x), x.T @ (weights * y)
    values = np.linalg.eigvalsh(gram)
    alpha, now = 1 / np.average(y**2, weights=weights), lam or 1.0
    for _ in range(3000):
        covariance = np.linalg.inv(now * np.eye(len(gram)) + alpha * gram)
        mean = covariance @ (now * prior + alpha * moment)
        known = np.sum(alpha * values / (now + alpha * values))
        now = lam or (known + 2e-6) / (np.sum((mean - prior) ** 2) + 2e-6)
        alpha = (len(y) - known + 2e-6) / (np.sum(weights * (y - x @ mean) ** 2) + 2e-6)
    return mean, np.sqrt(np.diag(covariance)), alpha, now


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("lam", [None, 0.7])
@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_fitted_precisions_are_the_fixed_point_of_the_evidence(weighted: bool, lam: float | None, mean: float) -> None:
    regression, x, y, weights = problem(weighted=weighted)
    prior = np.full(9, mean)
    found = posterior(regression, torch.from_numpy(prior), prior_precision=lam)
    slopes, std, alpha, precision = fitted(x, y, weights, prior, lam)
    np.testing.assert_allclose(found.mean, slopes, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.std, std, rtol=1e-3)
    assert found.noise_precision == pytest.approx(alpha, rel=1e-3)
    assert found.prior_precision == pytest.approx(precision, rel=1e-2)


def test_agrees_with_scikit_learn_without_prior_and_weights() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    regression, x, y, _ = problem(weighted=False)
    theirs = linear_model.BayesianRidge(tol=1e-8, max_iter=1000).fit(x, y)
    found = posterior(regression, torch.zeros(9))
    np.testing.assert_allclose(found.mean, theirs.coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.std, np.sqrt(np.diag(theirs.sigma_)), rtol=1e-3)
    assert found.noise_precision == pytest.approx(theirs.alpha_, rel=1e-3)


def test_more_samples_make_it_surer() -> None:
    pair, model = pair_of(), tiny_network()
    few, many = (np.array(baylime(model, pair, REGION, units="grid:8", samples=n).facts["unit_std"]) for n in (40, 400))
    assert many.mean() < 0.5 * few.mean()


def test_recovers_the_coefficients_of_an_additive_score() -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    got = baylime(fl.load_model("average"), pair, target, units="grid:8", fill="black")
    assert got.units is not None
    true = unit_sums([got.units.labels_a, got.units.labels_b], got.units.count, contributions(pair, weights))
    np.testing.assert_allclose(got.unit_scores, true, atol=1e-4 * abs(true).max())
    assert got.error_a is not None
    assert float(got.error_a[0, 0]) == pytest.approx(got.facts["unit_std"][0])
    assert got.facts["r2"] == pytest.approx(1)


def test_a_target_in_other_units_gives_the_same_answer_in_other_units() -> None:
    pair, model = pair_of(), tiny_network()
    target, _ = linear_target(pair)
    scaled = Downstream(lambda fused: -3 * target(fused))
    first, second = (baylime(model, pair, each, units="grid:8", samples=60) for each in (target, scaled))
    torch.testing.assert_close(second.a, -3 * first.a, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(second.facts["unit_std"], 3 * np.array(first.facts["unit_std"]), rtol=1e-4)
    assert second.facts["r2"] == pytest.approx(first.facts["r2"])
    assert second.facts["intercept"] == pytest.approx(-3 * first.facts["intercept"])


def test_a_firm_prior_is_the_answer_in_the_targets_sign() -> None:
    """With a light fill, hiding raises the mean of the region: the relative score runs against the target then."""
    pair, model = pair_of(), fl.load_model("average")
    for fill in ("black", "value:1"):
        prior = occlusion(model, pair, REGION, fill=fill, units="grid:8")
        slopes = lime(model, pair, REGION, fill=fill, units="grid:8", samples=60).unit_scores
        got = baylime(
            model, pair, REGION, fill=fill, units="grid:8", samples=60, prior=prior, prior_precision=1e9,
            noise_precision=1.0,
        )  # fmt: skip
        assert got.unit_scores is not None
        assert slopes is not None
        assert prior.unit_scores is not None
        wanted = prior.unit_scores * (slopes.abs().sum() / prior.unit_scores.abs().sum())
        torch.testing.assert_close(got.unit_scores, wanted, rtol=1e-4, atol=1e-6)


def test_a_good_prior_helps_where_samples_are_few() -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    model = fl.load_model("average")
    prior = occlusion(model, pair, target, units="grid:6", fill="black")
    errors = []
    for given in (None, prior):
        got = baylime(model, pair, target, units="grid:6", fill="black", samples=24, prior=given)
        assert got.units is not None
        true = unit_sums([got.units.labels_a, got.units.labels_b], got.units.count, contributions(pair, weights))
        assert got.unit_scores is not None
        errors.append(float(np.abs(got.unit_scores.numpy() - true).sum()))
    assert errors[1] < 0.7 * errors[0]


def test_empty_priors_count_as_none() -> None:
    pair, model = pair_of(), tiny_network()
    empty = lime(model, pair, REGION, units="grid:16", samples=10)
    empty = replace(empty, a=torch.zeros_like(empty.a), b=torch.zeros_like(empty.b))
    with_empty = baylime(model, pair, REGION, units="grid:16", samples=30, prior=empty)
    assert torch.equal(with_empty.a, baylime(model, pair, REGION, units="grid:16", samples=30).a)


def test_a_source_that_is_ignored_gets_nothing_within_its_error() -> None:
    got = baylime(only_a, pair_of(), REGION, units="grid:8", fill="mean")
    assert got.error_b is not None
    assert bool((got.b.abs() <= 3 * got.error_b).all())
    assert float(got.b.abs().max()) < 1e-4 * float(got.a.abs().max())


def test_batches_locality_and_seeds() -> None:
    pair, model = pair_of(), tiny_network()
    first = baylime(model, pair, REGION, units="slic:12", samples=40)
    again = baylime(model, pair, REGION, units="slic:12", samples=40)
    assert torch.equal(first.a, again.a)
    assert first.facts["unit_std"] == again.facts["unit_std"]
    for size, locality in ((1, True), (3, False), (16, False)):
        other = baylime(model, pair, REGION, units="slic:12", samples=40, batch_size=size, locality=locality)
        torch.testing.assert_close(other.a, first.a, atol=1e-6, rtol=0)
    assert not torch.equal(baylime(model, pair, REGION, units="slic:12", samples=40, seed=1).a, first.a)


@pytest.mark.parametrize(("units", "count"), [("grid:64", 2), ("grid:3", 308)])
def test_few_and_many_units(units: str, count: int) -> None:
    got = baylime(tiny_network(), pair_of(), REGION, units=units, samples=100)
    assert len(got.facts["unit_std"]) == count
    assert bool(torch.isfinite(got.a).all())
    assert all(0 < each < float("inf") for each in got.facts["unit_std"])


def test_budgets_are_kept() -> None:
    got = baylime(tiny_network(), pair_of(), REGION, units="grid:8", max_images=30)
    assert got.facts["model_images"] == 30
    assert got.facts["complete"] is False
    assert bool(torch.isfinite(got.a).all())


def test_refusals() -> None:
    pair, model = pair_of(), fl.load_model("average")
    with pytest.raises(InputError, match="explain this pair"):
        baylime(model, pair, prior=lime(model, pair_of(16, 16), units="grid:8", samples=4))
    with pytest.raises(InputError, match="noise precision above 0"):
        baylime(model, pair, noise_precision=0, samples=4)
    with pytest.raises(InputError, match="prior precision above 0"):
        baylime(model, pair, prior_precision=-1, samples=4)
