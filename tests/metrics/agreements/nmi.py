"""NMI against public implementations."""

from __future__ import annotations

from fuselens.metrics.parts.histograms import Entropies, entropies
from fuselens.metrics.parts.levels import grey_levels
from tests.metrics.agreements.agreement import Agreement, Ours, Triple


def with_source(letter: str, triple: Triple) -> Entropies:
    source, fused = grey_levels([getattr(triple, letter), triple.fused])
    return entropies(source, fused)


def studholme(letter: str) -> Ours:
    def value(triple: Triple) -> float:
        """By Studholme's form, of one source."""
        both = with_source(letter, triple)
        return float((both.x + both.y) / both.joint)

    return value


def hossny(letter: str, triple: Triple) -> float:
    both = with_source(letter, triple)
    return float(2 * both.mutual / (both.x + both.y))


AGREEMENTS = [
    Agreement(
        "cslib.nmi_metric",
        "nmi",
        "nmi",
        except_on={"g08_edge_constant_fused": "float32: rounding noise of -1e-7 where ours is 0"},
    ),
    Agreement("ivifzoo.NMI_function", "nmi", "nmi:ivifzoo"),
    Agreement("mefb.NMI", "nmi", "nmi:mefb"),
    Agreement("skimage.normalized_mutual_information_A", "nmi", studholme("a")),
    Agreement("skimage.normalized_mutual_information_B", "nmi", studholme("b")),
    Agreement("sklearn.normalized_mutual_info_score_A", "nmi", lambda triple: hossny("a", triple)),
    Agreement("sklearn.normalized_mutual_info_score_B", "nmi", lambda triple: hossny("b", triple)),
    Agreement("zliu.metricMI_1", "nmi", "nmi"),
]
