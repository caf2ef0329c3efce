"""Scaling of state and action vectors to the range that the model works in, and back."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from zr0_core.errors import NormalisationError
from zr0_core.feature_statistics import FeatureStatistics
from zr0_core.types import FloatArray

EPSILON = 1e-8
"""Added to every range. Source: ZR-0's published normalisation code."""
CLAMP = 15.0
"""Largest magnitude of a normalised value. Source: ZR-0's published normalisation code."""
PADDED_SIZE = 64
"""Components of the model's state and action vectors. Source: ZR-0's published model."""
MINIMUM_SPREAD = 1e-4
"""A component that varies less, in rad, m or 1, does not vary: noise would be scaled up to the full range."""


class NormalisationMethod(StrEnum):
    """Which values become -1 and 1."""

    QUANTILE = "quantile"
    """The 1 % and 99 % quantiles."""
    MIN_MAX = "min_max"
    """The smallest and the largest."""


@dataclass(frozen=True, kw_only=True)
class Normaliser:
    """Maps D components from [low, high] to [-1, 1], padded with zeros, and back.

    Source: ZR-0's published code, n = 2 (x - low) / (high - low + 1e-8) - 1, clamped to [-15, 15].
    """

    names: tuple[str, ...]
    """Component names, D of them."""
    low: tuple[float, ...]
    """Values that become -1, SI units."""
    high: tuple[float, ...]
    """Values that become 1, SI units."""
    pinned: tuple[str, ...] = ()
    """Components that are constant: always -1 to the model, and `low` on the way back."""
    padded_size: int = PADDED_SIZE
    """Components of the model's vector."""

    def __post_init__(self) -> None:
        num = len(self.names)
        if len(self.low) != num or len(self.high) != num:
            raise NormalisationError(f"{num} names, but {len(self.low)} low and {len(self.high)} high values")
        if num > self.padded_size:
            raise NormalisationError(f"{num} components do not fit into the model's {self.padded_size}")
        unknown = [name for name in self.pinned if name not in self.names]
        if unknown:
            raise NormalisationError(f"cannot pin {', '.join(unknown)}, available: {', '.join(self.names)}")
        for name, low, high in zip(self.names, self.low, self.high, strict=True):
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise NormalisationError(f"{name} has the range [{low}, {high}], expected finite and rising")
            if high - low < MINIMUM_SPREAD and name not in self.pinned:
                raise NormalisationError(
                    f"{name} does not vary: its range is [{low}, {high}]; pin it explicitly, or leave it out of the "
                    "vector"
                )

    @classmethod
    def from_statistics(
        cls,
        statistics: FeatureStatistics,
        method: NormalisationMethod,
        *,
        pinned: Collection[str] = (),
        padded_size: int = PADDED_SIZE,
    ) -> Self:
        """Build from measured ranges.

        Args:
            statistics: The ranges.
            method: Which of them become -1 and 1.
            pinned: Components that may be constant.
            padded_size: Components of the model's vector.

        Raises:
            NormalisationError: The quantiles are needed but were not measured, a component does not vary and is not
                pinned, a pinned one is unknown, or there are too many components.
        """
        if method is NormalisationMethod.QUANTILE:
            low, high = statistics.q01, statistics.q99
            if low is None or high is None:
                raise NormalisationError(
                    "the statistics lack q01 and q99; measure them, or choose min_max if the model was trained so"
                )
        else:
            low, high = statistics.minimum, statistics.maximum
        return cls(names=statistics.names, low=low, high=high, pinned=tuple(pinned), padded_size=padded_size)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True where the padded vector (P,) carries a component."""
        return np.arange(self.padded_size) < len(self.names)

    def normalise(self, values: FloatArray) -> FloatArray:
        """Map vectors (..., D), SI units, to padded vectors (..., P), zero beyond D.

        Raises:
            ValueError: The last axis is not D long.
        """
        self._check_size(values, len(self.names))
        low, high = np.array(self.low), np.array(self.high)
        scaled = np.clip(2.0 * (values - low) / (high - low + EPSILON) - 1.0, -CLAMP, CLAMP)
        scaled[..., self._pinned_mask] = -1.0
        padding = np.zeros((*scaled.shape[:-1], self.padded_size - len(self.names)))
        return np.concatenate([scaled, padding], axis=-1)

    def denormalise(self, padded: FloatArray) -> FloatArray:
        """Map padded vectors (..., P) back to vectors (..., D), SI units: the inverse of `normalise`.

        Raises:
            ValueError: The last axis is not P long.
        """
        self._check_size(padded, self.padded_size)
        low, high = np.array(self.low), np.array(self.high)
        values = (padded[..., : len(self.names)] + 1.0) / 2.0 * (high - low + EPSILON) + low
        values[..., self._pinned_mask] = low[self._pinned_mask]
        return np.asarray(values)

    @property
    def _pinned_mask(self) -> NDArray[np.bool_]:
        return np.array([name in self.pinned for name in self.names], dtype=np.bool_)

    def _check_size(self, values: FloatArray, size: int) -> None:
        if values.shape[-1] != size:
            raise ValueError(f"last axis is {values.shape[-1]} long, expected {size}")
