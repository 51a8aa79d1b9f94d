"""A night street, seen by an infrared and a visible camera.

Each sensor misses something: the visible camera people in the dark and in the glare of head lamps, the infrared one
paint, posters and people in insulated clothes. Everything is computed; no photograph is part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuselens.core.errors import InputError
from fuselens.core.pair import ImagePair
from fuselens.data.scenes import city, sensor
from fuselens.data.scenes import street_objects as things
from fuselens.data.scenes.light import Light, add_air, add_glare, add_reflection, illuminate
from fuselens.data.scenes.stage import FOCAL, OVERSAMPLING, Colour, Stage
from fuselens.data.scenes.texture import fractal

CLASSES = {
    city.SKY: "sky",
    city.BUILDING: "building",
    city.GROUND_LABEL: "ground",
    city.MARKING: "road marking",
    city.WINDOW: "lit window",
    city.WARM_WALL: "warm wall",
    things.DARK_PERSON: "person in the dark",
    things.DAZZLED_PERSON: "person in the glare",
    things.COATED_PERSON: "person in insulated clothes",
    things.CAR: "car",
    things.TREE: "tree",
    things.LAMP: "street lamp",
    things.SIGN: "sign",
    things.HEAT_PRINT: "heat print",
}
CARRIED_BY = {
    "road marking": "b",
    "lit window": "both",
    "warm wall": "a",
    "person in the dark": "a",
    "person in the glare": "a",
    "person in insulated clothes": "b",
    "car": "a",
    "tree": "both",
    "street lamp": "both",
    "sign": "b",
    "heat print": "a",
}
DAZZLING = 0.5
"""Glare from which on the car itself is no longer seen in the visible image."""
LAMP_COLOUR = (1.0, 0.78, 0.46)
COATS: tuple[Colour, ...] = ((1.2, 0.75, 0.08), (1.3, 0.50, 0.15), (0.30, 1.0, 0.92), (1.0, 1.1, 0.15))
CARS: tuple[Colour, ...] = ((0.30, 0.05, 0.05), (0.06, 0.10, 0.25), (0.25, 0.25, 0.26), (0.05, 0.16, 0.12))


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
        name) and `carried_by` (name to `"a"`, `"b"`, `"both"` or `"neither"`): which sensor shows an object against
        its surroundings. Sky, building and ground are the surroundings and have no entry there.

    Raises:
        InputError: a setting is out of range.
    """
    sensor.check_settings(seed, size, noise, blur)
    if not 0 <= glare < np.inf:
        raise InputError(f"Expected glare to be 0 or more but got {glare}.")
    if not 0 <= pedestrians <= 8:
        raise InputError(f"Expected 0 to 8 pedestrians but got {pedestrians}.")
    layout, shot = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    stage = Stage(size, camera_x=float(layout.uniform(-0.5, 0.9)))
    lights, glares = _build(stage, layout, pedestrians)
    mirrored = bool(layout.random() < 0.5)
    radiance = illuminate(stage, lights)
    ripple = fractal(stage.x * 60, stage.y * 25, layout, 2)
    for light in lights:
        add_air(stage, radiance, light)
        add_reflection(stage, radiance, light, ripple)
    for lamp in glares:
        add_glare(stage, radiance, lamp, glare, turn=0.12)
    planes: list[NDArray[np.float32]] = [sensor.shrink(plane, OVERSAMPLING) for plane in (radiance, stage.heat)]
    labels = stage.labels[::OVERSAMPLING, ::OVERSAMPLING]
    if mirrored:
        planes, labels = [np.ascontiguousarray(p[..., ::-1]) for p in planes], np.ascontiguousarray(labels[..., ::-1])
    carried_by = CARRIED_BY | {"car": "a" if glare >= DAZZLING else "both"}
    truth = sensor.truth_of(labels, CLASSES, carried_by)
    origin = f"street_scene(seed={seed})"
    return ImagePair(
        sensor.grey_source(sensor.microbolometer(planes[1], noise, blur, shot), "infrared", origin),
        sensor.coloured_source(sensor.colour_camera(planes[0], noise, blur, shot), "visible", origin),
        truth=truth,
    )


def _build(
    stage: Stage, rng: np.random.Generator, pedestrians: int
) -> tuple[list[Light], list[tuple[float, float, float]]]:
    """Paint the whole street from far to near; return its lights and where head lamps dazzle."""
    houses = city.plan_houses(rng)
    city.draw_sky(stage, rng)
    city.draw_skyline(stage, rng)
    city.draw_ground(stage, rng)
    city.draw_houses(stage, houses, rng)
    car_x = float(rng.uniform(-2.2, -1.7))
    # not so near that it leaves no room for people beside it
    car_z = max(float(rng.uniform(8.0, 12.0)), FOCAL * (stage.camera_x - car_x) / 0.31)
    things.draw_heat_print(stage, float(rng.uniform(1.65, 1.95)), float(rng.uniform(4.2, 5.0)), rng)
    first = float(rng.uniform(9.3, 11.5))
    spots = [(side, first + 14.0 * step + (6.0 if side < 0 else 0.0)) for step in range(5) for side in (1, -1)]
    lights = [Light(side * 3.1, 5.45, z, LAMP_COLOUR, 12.0, beam="down", halo=0.30 / z + 0.006, mirrored=0.10)
              for side, z in spots]  # fmt: skip
    lights += [Light(house.side * (city.WALL - 0.9), 1.9, (house.near + house.far) / 2, (1.0, 0.66, 0.30), 2.0)
               for house in houses if house.has_shop and house.near < 60]  # fmt: skip
    lights += [Light(car_x + 0.65 * side, 0.7, car_z, (0.9, 0.95, 1.0), 9.0, beam="here", mirrored=0.35)
               for side in (-1, 1)]  # fmt: skip
    drawings: list[tuple[float, Callable[[], Any]]] = [
        (z, partial(things.draw_lamp, stage, side * 4.0, z, 5.6, side * -0.9)) for side, z in spots
    ]
    drawings += [
        (z, partial(things.draw_tree, stage, side * float(rng.uniform(4.6, 5.1)), z, float(rng.uniform(4.8, 7.4)), rng))
        for side, z in (
            (-1, first + rng.uniform(6.5, 9)),
            (1, first + rng.uniform(2, 5)),
            (-1, first + rng.uniform(11, 13)),
            (1, first + 17.0),
            (-1, first + 24.0),
        )
    ]
    drawings += [(z, partial(_person, stage, label, x, z, rng))
                 for label, x, z in _people(stage, car_x, car_z, first, rng)[:pedestrians]]  # fmt: skip
    sign_z, sign_at = float(rng.uniform(6.4, 9.0)), float(rng.uniform(0.50, 0.59))
    drawings.append((sign_z, partial(things.draw_sign, stage, stage.camera_x + sign_at * sign_z / FOCAL, sign_z, rng)))
    glares: list[tuple[float, float, float]] = []
    drawings.append(
        (car_z, lambda: glares.extend(things.draw_car(stage, car_x, car_z, CARS[int(rng.integers(len(CARS)))])))
    )
    for _, draw in sorted(drawings, key=lambda item: -item[0]):
        draw()
    return lights, glares


def _people(
    stage: Stage, car_x: float, car_z: float, lamp_z: float, rng: np.random.Generator
) -> list[tuple[int, float, float]]:
    """Label and place of each person, the most telling first."""
    near, far = float(rng.uniform(7.2, 8.0)), float(rng.uniform(12.5, 15.0))
    return [
        (things.DARK_PERSON, stage.camera_x + float(rng.uniform(-0.60, -0.54)) * near / FOCAL, near),
        (things.DAZZLED_PERSON, car_x - float(rng.uniform(1.0, 1.2)), car_z + 0.4),
        (things.COATED_PERSON, float(rng.uniform(2.1, 2.5)), lamp_z + float(rng.uniform(0.6, 1.0))),
        *(
            (things.DARK_PERSON, stage.camera_x + at * (far + 1.5 * place) / FOCAL, far + 1.5 * place)
            for place, at in enumerate((0.03, -0.05, 0.08, -0.12, 0.12))
        ),
    ]


def _person(stage: Stage, label: int, x: float, z: float, rng: np.random.Generator) -> None:
    coated = label == things.COATED_PERSON
    coat = COATS[int(rng.integers(len(COATS)))] if coated else ((0.36, 0.36, 0.38) if z < 10 else (0.12, 0.12, 0.13))
    things.draw_pedestrian(stage, x, z, label, rng, coat=coat, insulated=coated)
