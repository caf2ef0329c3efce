"""Motion toward a target that may change at any time."""

import numpy as np
from zr0_core.types import FloatArray

ARRIVED = 1e-9
"""Distance, m or rad, that is rounding and not worth a motion."""


def closing_speed(distance: FloatArray | float, acceleration: float, dt: float) -> FloatArray:
    """Return the largest speed from which one can come to rest exactly at a distance, changing speed once per `dt`.

    Source: n steps of v, v - a dt, ... cover n v dt - a dt^2 n (n - 1) / 2; n is the smallest number of steps for
    which v is not above n a dt.
    """
    length = np.abs(distance)
    unit = acceleration * dt**2
    steps = np.maximum(1.0, np.ceil((np.sqrt(1.0 + 8.0 * length / unit) - 1.0) / 2.0))
    return np.asarray(length / (steps * dt) + acceleration * dt * (steps - 1.0) / 2.0)


def approach(
    error: FloatArray, velocity: FloatArray, *, max_velocity: float, max_acceleration: float, dt: float
) -> FloatArray:
    """Return the next velocity of joints that go to their targets each on its own, (N,).

    Args:
        error: Target minus position, (N,).
        velocity: Present velocity, (N,).
        max_velocity: Limit of each component.
        max_acceleration: Limit of each component.
        dt: Time until the next call, s.
    """
    wanted = np.sign(error) * np.minimum(closing_speed(error, max_acceleration, dt), max_velocity)
    return limit_change(wanted, velocity, max_acceleration * dt)


def approach_straight(
    error: FloatArray, velocity: FloatArray, *, max_velocity: float, max_acceleration: float, dt: float
) -> FloatArray:
    """Return the next velocity of a point that goes straight to its target; the limits hold for the vector's length."""
    distance = float(np.linalg.norm(error))
    wanted = np.zeros_like(error)
    if distance > ARRIVED:
        speed = min(float(closing_speed(distance, max_acceleration, dt)), max_velocity)
        wanted = error * (speed / distance)
    change = wanted - velocity
    size = float(np.linalg.norm(change))
    largest = max_acceleration * dt
    return wanted if size <= largest else velocity + change * (largest / size)


def limit_change(wanted: FloatArray, present: FloatArray, largest: float) -> FloatArray:
    """Move every component toward what is wanted by at most `largest`."""
    return np.asarray(present + np.clip(wanted - present, -largest, largest))


def brake(velocity: FloatArray, max_acceleration: float, dt: float) -> FloatArray:
    """Return the next velocity on the way to rest, along the present direction; the fastest joint sets the pace."""
    fastest = float(np.abs(velocity).max())
    remaining = max(0.0, fastest - max_acceleration * dt)
    return velocity * (remaining / fastest) if fastest > 0.0 else velocity
