"""The methods of explanation in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A method in words: its title, what one number of its maps is, how it finds them, what it asks of a model."""

    title: str
    unit: str = "influence on the score"
    how: str = ""
    subject: str = "how {} fuses this pair"


METHODS = {
    "ddfimage": Method("DDFImage"),
    "sedc": Method("SEDC"),
    "sedc_t": Method("SEDC-T"),
    "lime": Method(
        "LIME",
        "what showing a segment adds to the score",
        "Random mixes of shown and hidden segments were fused; a sum over the segments was fitted to the scores.",
    ),
    "baylime": Method(
        "BayLIME",
        "what showing a segment adds to the score",
        "Random mixes of shown and hidden segments were fused; a sum over the segments was fitted to the scores, "
        "starting from a prior.",
    ),
    "rise": Method(
        "RISE",
        "gain of the mean score where a pixel is shown",
        "Random soft masks showed parts of the sources; each pixel has the mean score of the masks that show it, less "
        "the mean of all.",
    ),
    "occlusion": Method(
        "Occlusion", "loss of score when a place is hidden", "One place after the other was hidden, all else shown."
    ),
    "integrated_gradients": Method(
        "Integrated Gradients",
        "part of the score's change that a pixel accounts for",
        "The change of the score from a featureless start to the pair was divided among the pixels.",
    ),
    "gradient_input": Method(
        "Gradient × input",
        "sensitivity times the pixel's distance from the baseline",
        "The sensitivity of the score to each pixel was multiplied by how far the pixel is from the baseline.",
    ),
    "gradcam": Method(
        "Grad-CAM",
        "features of the layer, weighted by the score's gradient",
        "Features of one layer were weighted by how much the score rises with them; the map is as coarse as the layer.",
    ),
    "hirescam": Method(
        "HiResCAM",
        "features of the layer times the score's gradient",
        "Features of one layer were multiplied by how much the score rises with them, place by place.",
    ),
    "intrinsic": Method(
        "The model's own account",
        how="These are numbers that the model itself decided with; nothing was hidden, fitted or guessed from outside.",
    ),
    "task_share": Method(
        "Task share",
        how="Integrated Gradients of a segmentation network, class by class: what the pixels of either source bring to "
        "the score of their own class while the sources emerge from black.",
        subject="which source helps a segmentation network in what {} fuses",
    ),
    "jacobian": Method(
        "Jacobian",
        "change of the score per unit change of a source pixel",
        "The derivative of the score with respect to each source pixel.",
    ),
}


def method_of(name: str) -> Method:
    """Return the words for a method; of a set made from a map, those of the map's method."""
    if name.endswith("_set"):
        return Method(f"{method_of(name.removesuffix('_set')).title}, from its highest-ranked segments down")
    return METHODS.get(name, Method(name))
