"""A night street, seen by an infrared and a visible camera.

Each sensor misses something: the visible camera people in the dark and in the glare of head lamps, the infrared one
paint, posters and people in insulated clothes. Everything is computed; no photograph is part of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuselens.core.errors import InputError
from fuselens.core.pair import ImagePair
from fuselens.data.scenes import city, sensor
from fuselens.data.scenes import street_things as things
from fuselens.data.scenes.light import Light, add_glare, add_halos, illuminate
from fuselens.data.scenes.stage import OVERSAMPLING, Stage

CLASSES = {
    city.SKY: "sky",
    city.BUILDING: "building",
    city.ROAD: "ground",
    city.MARKING: "road marking",
    city.WINDOW: "lit window",
    city.WARM_WALL: "warm wall",
    things.DARK_PERSON: "person in the dark",
    things.DAZZLED_PERSON: "person in the glare",
    things.COATED_PERSON: "person in insulated clothes",
    things.CAR: "car",
    things.HEADLAMP: "head lamp",
    things.TREE: "tree",
    things.LAMP: "street lamp",
    things.SIGN: "sign",
    things.HEAT_PRINT: "heat print",
}
CARRIED_BY = {
    "sky": "a",
    "building": "a",
    "ground": "a",
    "road marking": "b",
    "lit window": "both",
    "warm wall": "a",
    "person in the dark": "a",
    "person in the glare": "a",
    "person in insulated clothes": "b",
    "car": "both",
    "head lamp": "b",
    "tree": "both",
    "street lamp": "both",
    "sign": "b",
    "heat print": "a",
}
LAMP_COLOUR = (1.0, 0.80, 0.50)


def street_scene(
    seed: int = 0,
    size: tuple[int, int] = (288, 384),
    *,
    noise: float = 0.01,
    blur: float = 0.0,
    glare: float = 1.0,
    pedestrians: int = 4,
) -> ImagePair:
    """Draw a night street.

    Args:
        seed: other seeds give other streets with the same kinds of objects.
        size: height and width in pixels, at least 64 each.
        noise: standard deviation of the sensors' noise at mid grey; the visible one has more of it in the dark.
        blur: standard deviation, in pixels, of a Gaussian blur of both sources.
        glare: strength of the head lamps' glare in the visible image; 0 takes it away.
        pedestrians: how many people: first one in the dark, one in the glare, one under a lamp in insulated
            clothes, then more in the dark.

    Returns:
        The pair infrared (grey) and visible (colour). `truth` holds `labels` (int64 `[H, W]`), `classes` (number to
        name) and `carried_by` (name to `"a"`, `"b"`, `"both"` or `"neither"`).

    Raises:
        InputError: a setting is out of range.
    """
    sensor.check_settings(size, noise, blur)
    if not 0 <= pedestrians <= 8:
        raise InputError(f"Expected 0 to 8 pedestrians but got {pedestrians}.")
    layout, shot = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    stage = Stage(size, camera_x=float(layout.uniform(0.2, 0.9)))
    lights, glares = _build(stage, layout, pedestrians)
    mirrored = bool(layout.random() < 0.5)
    radiance = illuminate(stage, lights)
    add_halos(stage, radiance, lights)
    for centre in glares:
        add_glare(stage, radiance, centre, glare, turn=0.12)
    planes = [sensor.shrink(plane, OVERSAMPLING) for plane in (radiance, stage.heat)]
    labels = stage.labels[::OVERSAMPLING, ::OVERSAMPLING]
    if mirrored:
        planes, labels = [np.ascontiguousarray(p[..., ::-1]) for p in planes], np.ascontiguousarray(labels[..., ::-1])
    present = {int(number): CLASSES[int(number)] for number in np.unique(labels)}
    truth: dict[str, Any] = {
        "labels": labels.copy(),
        "classes": present,
        "carried_by": {name: CARRIED_BY[name] for name in present.values()},
    }
    origin = f"street_scene(seed={seed})"
    return ImagePair(
        sensor.grey_source(_infrared(planes[1], noise, blur, shot), "infrared", origin),
        sensor.coloured_source(_visible(planes[0], noise, blur, shot), "visible", origin),
        truth=truth,
    )


def _build(stage: Stage, rng: np.random.Generator, pedestrians: int) -> tuple[list[Light], list[tuple[float, float]]]:
    """Paint the whole street from far to near; return its lights and where head lamps dazzle."""
    city.draw_sky(stage, rng)
    city.draw_skyline(stage, rng)
    city.draw_ground(stage, rng)
    city.draw_buildings(stage, rng)
    lights = []
    car_x, car_z = rng.uniform(-2.1, -1.7), rng.uniform(9.5, 11.0)
    things.draw_heat_print(stage, rng.uniform(2.15, 2.4), rng.uniform(4.4, 4.8))
    spots = [(1, 10.0), (-1, 15.0), (1, 24.0), (-1, 30.0), (1, 40.0), (-1, 46.0), (1, 60.0), (-1, 66.0)]
    queue: list[tuple[float, Any]] = []
    for side, z in spots:
        arm = -side * 0.9
        x = side * 4.0
        queue.append((z, lambda x=x, z=z, arm=arm: things.draw_lamp(stage, x, z, 5.6, arm)))
        lights.append(Light(x + arm, 5.45, z, LAMP_COLOUR, 5.0, beam="down", halo=0.35 / z + 0.006, mirrored=0.10))
    for side, z in ((-1, 12.5), (1, 15.5), (-1, 21.0), (1, 33.0)):
        x, height = side * rng.uniform(4.7, 5.2), rng.uniform(5.0, 6.5)
        queue.append((z, lambda x=x, z=z, h=height: things.draw_tree(stage, x, z, h, rng)))
    people = [
        (things.DARK_PERSON, rng.uniform(-4.4, -4.0), rng.uniform(7.2, 7.8)),
        (things.DAZZLED_PERSON, car_x - 1.35, car_z + 0.6),
        (things.COATED_PERSON, rng.uniform(2.9, 3.2), rng.uniform(9.4, 9.8)),
        *((things.DARK_PERSON, rng.uniform(0.2, 1.2), 13.0 + 3 * extra) for extra in range(5)),
    ][:pedestrians]
    for label, x, z in people:
        coated = label == things.COATED_PERSON
        coat = (0.75, 0.45, 0.06) if coated else (0.05, 0.05, 0.06)
        queue.append((z, lambda x=x, z=z, label=label, coat=coat, coated=coated: things.draw_pedestrian(
            stage, x, z, label, rng, coat=coat, insulated=coated)))  # fmt: skip
    glares: list[tuple[float, float]] = []
    queue.append((car_z, lambda: glares.extend(things.draw_car(stage, car_x, car_z, (0.25, 0.04, 0.04)))))
    queue.append((7.4, lambda: things.draw_sign(stage, 4.55, 7.4)))
    for _, draw in sorted(queue, key=lambda item: -item[0]):
        draw()
    for side in (-1, 1):
        lights.append(Light(car_x + 0.65 * side, 0.7, car_z, (0.9, 0.95, 1.0), 9.0, beam="here", mirrored=0.35))
    return lights, glares


def _infrared(heat: NDArray[np.float32], noise: float, blur: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A microbolometer: soft, little noise, and a trace of its columns' pattern."""
    soft = sensor.soften(sensor.soften(heat, 0.6), blur)
    columns = rng.standard_normal((1, heat.shape[1]), dtype=np.float32)
    grain = rng.standard_normal(heat.shape, dtype=np.float32)
    return soft + np.float32(noise) * (np.float32(0.35) * columns + np.float32(0.6) * grain)


def _visible(light: NDArray[np.float32], noise: float, blur: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour camera at night: bloom, saturation, photon noise."""
    height = min(light.shape[1:])
    bloom = 0.86 * light + 0.14 * sensor.soften(np.minimum(light, 4.0), 0.02 * height)
    exposed = 1.0 - np.exp(-1.6 * sensor.soften(bloom, blur))
    return sensor.display(sensor.count_photons(exposed, noise, rng))
