"""Turn independent normals so that the first of them moves a series' total."""

import math


def total_direction(persistence: float, n: int) -> list[float]:
    """Find how the normals of n years move the total of an AR(1) series: unit length.

    The first year's normal enters in full, a later year's times sqrt(1 - r^2), and each
    is carried on as 1 + r + r^2 + ... to the last year.
    """
    carried, direction = 0.0, [0.0] * n
    for y in reversed(range(n)):
        carried = 1.0 + persistence * carried
        direction[y] = carried if y == 0 else carried * math.sqrt(1.0 - persistence**2)
    length = math.sqrt(math.fsum(part * part for part in direction))
    return [part / length for part in direction]


def rotation_to(direction: list[float]) -> list[list[float]]:
    """Make an orthogonal matrix whose first column is a given unit vector.

    A Householder reflection, of + - * / only. It takes the first axis to the vector's
    negative, which is the one that never divides by almost nothing if the vector's
    first part is positive; its sign is then changed.
    """
    n = len(direction)
    if direction[0] < 0.0:
        raise ValueError("the first year moves a total upwards")
    mirror = [direction[0] + 1.0, *direction[1:]]
    square = math.fsum(part * part for part in mirror)
    return [
        [
            2.0 * mirror[i] * mirror[k] / square - (1.0 if i == k else 0.0)
            for k in range(n)
        ]
        for i in range(n)
    ]
