"""The distributions behind intervals and confidence. SciPy loads in a third of a second: when the first is asked for.

Every process of Edgewise starts without it; most never compute one of these.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def normal_cdf(x: ArrayLike) -> Floats:
    """Φ(x), of the shape of ``x``."""
    from scipy.special import ndtr

    return np.asarray(ndtr(x))


def normal_quantile(p: ArrayLike) -> Floats:
    """Φ⁻¹(p), of the shape of ``p``."""
    from scipy.special import ndtri

    return np.asarray(ndtri(p))


def student_cdf(freedom: ArrayLike, t: ArrayLike) -> Floats:
    """P(T ≤ t) under Student's t with ``freedom`` degrees, broadcast against each other."""
    from scipy.special import stdtr

    return np.asarray(stdtr(freedom, t))


def student_quantile(freedom: ArrayLike, p: ArrayLike) -> Floats:
    """The t with P(T ≤ t) = ``p`` under Student's t with ``freedom`` degrees, broadcast against each other."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(freedom, p))


def beta_quantile(a: float, b: float, p: float) -> float:
    """The x with P(X ≤ x) = ``p`` under Beta(a, b)."""
    from scipy.special import betaincinv

    return float(betaincinv(a, b, p))
