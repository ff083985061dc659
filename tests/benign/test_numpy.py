# ruff: noqa: E501 -- one case a line
"""What numpy's and scipy's own objects become in a pickle is allowed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker

from .judging import Suite, joblibbed, pickled

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")

DTYPES = (
    "?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "longdouble", "F", "D", "clongdouble",
    "S3", "U3", "V4", ">i4", ">f8", "M8[s]", "m8[ms]", "M8[D]",
)  # fmt: skip


def _structured() -> Any:
    return np.zeros(2, dtype=[("x", "f4"), ("y", "i8", (2,)), ("z", "U3")])


def _recarray() -> Any:
    return np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, a=np.arange(3), b=np.ones(2))
    return file.getvalue()


def _npy(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def _sparse(kind: str) -> Callable[[], Any]:
    def make() -> Any:
        from scipy import sparse

        return [getattr(sparse, f"{kind}_{form}")(np.eye(4)) for form in ("matrix", "array")]

    return make


def _scipy(how: Callable[[Any], Any]) -> Callable[[], Any]:
    def make() -> Any:
        import scipy.cluster.vq
        import scipy.integrate
        import scipy.interpolate
        import scipy.ndimage
        import scipy.optimize
        import scipy.signal
        import scipy.spatial
        import scipy.stats

        return how(scipy)

    return make


X = np.linspace(0, 1, 8)

CASES: dict[str, Callable[[], Any]] = {
    **{f"array of {kind}": (lambda kind=kind: np.zeros((2, 3), dtype=kind)) for kind in DTYPES},
    "array of objects": lambda: np.array([{"a": 1}, None, "x"], dtype=object),
    "array of variable strings": lambda: np.array(["a", "bcd"], dtype=np.dtypes.StringDType()),
    "structured array": _structured,
    "record array": _recarray,
    "record": lambda: _recarray()[0],
    "structured scalar": lambda: _structured()[0],
    "Fortran order": lambda: np.asfortranarray(np.ones((2, 2))),
    "no dimensions": lambda: np.array(1.5),
    "empty": lambda: np.empty((0, 3)),
    "matrix": lambda: np.matrix([[1, 2]]),
    "masked array": lambda: np.ma.masked_array([1, 2], mask=[True, False]),
    "masked constant": lambda: np.ma.masked,
    "chararray": lambda: np.char.array(["a", "b"]),
    "scalar": lambda: [np.float64(1.5), np.int8(1), np.bool_(True), np.str_("a"), np.datetime64("2026-01-01")],
    "dtype": lambda: [np.dtype("float32"), np.dtype("U3"), np.dtype([("a", "i4")])],
    "scalar type": lambda: [np.float32, np.int64, np.bool_, np.object_, np.datetime64, np.longdouble],
    "ufunc": lambda: [np.log1p, np.add],
    "numpy function": lambda: [np.mean, np.sum],
    "poly1d": lambda: np.poly1d([1, 2]),
    "Polynomial": lambda: np.polynomial.Polynomial([1, 2]),
    "Chebyshev": lambda: np.polynomial.Chebyshev([1, 2]),
    "RandomState": lambda: np.random.RandomState(0),
    "Generator": lambda: np.random.default_rng(0),
    "Generator of MT19937": lambda: np.random.Generator(np.random.MT19937(1)),
    "Generator of Philox": lambda: np.random.Generator(np.random.Philox(1)),
    "Generator of SFC64": lambda: np.random.Generator(np.random.SFC64(1)),
    "PCG64DXSM": lambda: np.random.PCG64DXSM(1),
    "SeedSequence": lambda: np.random.SeedSequence(1),
    "random state as data": lambda: [np.random.RandomState(0).get_state(), np.random.default_rng(0).bit_generator.state],
    "npy file": lambda: _npy(np.arange(3)),
    "npz file": _npz,
    **{f"sparse {kind}": _sparse(kind) for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")},
    "interp1d": _scipy(lambda s: s.interpolate.interp1d(X, X**2)),
    "interp1d cubic": _scipy(lambda s: s.interpolate.interp1d(X, X**2, kind="cubic")),
    "CubicSpline": _scipy(lambda s: s.interpolate.CubicSpline(X, X**2)),
    "PchipInterpolator": _scipy(lambda s: s.interpolate.PchipInterpolator(X, X**2)),
    "Akima1DInterpolator": _scipy(lambda s: s.interpolate.Akima1DInterpolator(X, X**2)),
    "BSpline": _scipy(lambda s: s.interpolate.make_interp_spline(X, X**2)),
    "PPoly": _scipy(lambda s: s.interpolate.PPoly(np.ones((2, 3)), np.arange(4.0))),
    "UnivariateSpline": _scipy(lambda s: s.interpolate.UnivariateSpline(X, X**2)),
    "RegularGridInterpolator": _scipy(lambda s: s.interpolate.RegularGridInterpolator((X,), X)),
    "RBFInterpolator": _scipy(lambda s: s.interpolate.RBFInterpolator(X[:, None], X)),
    "NearestNDInterpolator": _scipy(lambda s: s.interpolate.NearestNDInterpolator(np.eye(3), np.arange(3))),
    "BarycentricInterpolator": _scipy(lambda s: s.interpolate.BarycentricInterpolator(X, X)),
    "frozen normal distribution": _scipy(lambda s: s.stats.norm(0, 1)),
    "frozen Poisson distribution": _scipy(lambda s: s.stats.poisson(3)),
    "frozen multivariate normal": _scipy(lambda s: s.stats.multivariate_normal([0, 0])),
    "gaussian_kde": _scipy(lambda s: s.stats.gaussian_kde(X)),
    "Rotation": _scipy(lambda s: s.spatial.transform.Rotation.from_euler("z", 1)),
    "KDTree": _scipy(lambda s: s.spatial.KDTree(np.eye(3))),
    "distances": _scipy(lambda s: s.spatial.distance.pdist(np.eye(3))),
    "OptimizeResult": _scipy(lambda s: s.optimize.minimize(lambda v: float((v**2).sum()), [1.0], method="Nelder-Mead")),
    "Bounds": _scipy(lambda s: s.optimize.Bounds([0], [1])),
    "LinearConstraint": _scipy(lambda s: s.optimize.LinearConstraint(np.eye(2), 0, 1)),
    "lti system": _scipy(lambda s: s.signal.TransferFunction([1], [1, 2])),
    "filter coefficients": _scipy(lambda s: s.signal.butter(3, 0.1)),
}  # fmt: skip

ASKS: dict[str, str] = {
    "sparse lil": "Compiled code writes as many places as the lists have, and nothing holds their lengths together.",
    "UnivariateSpline": "Compiled code takes the degree for the length of arrays, and nothing holds them together.",
    "NearestNDInterpolator": "It holds a KDTree.",
    "KDTree": "Its state is the raw memory of the tree, which scipy takes as it is.",
    "frozen normal distribution": "scipy runs a text of the state as code (`_parse_arg_template`).",
    "frozen Poisson distribution": "scipy runs a text of the state as code (`_parse_arg_template`).",
}


def write(value: Any) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    # joblib itself cannot read texts of any length again.
    joblib = [] if getattr(value, "dtype", None) == np.dtypes.StringDType() else [joblibbed(value)]
    return [*pickled(value), *joblib]


SUITE = Suite(library="numpy and scipy", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)
