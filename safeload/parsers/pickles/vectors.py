"""Stand-ins for scikit-learn's estimators that compare vectors: compiled code takes them for as long as they should be.

libsvm is given pointers, with one sum held against one length. Centres and neighbours are held against nothing, and the
class of a neighbour is where its vote is written. https://github.com/scikit-learn/scikit-learn: sklearn/svm/src/libsvm
(`set_model`), sklearn/cluster/_k_means_lloyd.pyx, sklearn/metrics/_pairwise_distances_reduction.
"""

from __future__ import annotations

from safeload.lean import Any, Final
from safeload.parsers.pickles.contents import Unread, integers, shape
from safeload.parsers.pickles.forests import Fields, fitted
from safeload.parsers.pickles.standins import Inert

_NONE: Final = (0,)


def _classifies(fields: Fields) -> bool:
    return _fits(fields, classifier=True)


def _estimates(fields: Fields) -> bool:
    return _fits(fields, classifier=False)


def _fits(fields: Fields, *, classifier: bool) -> bool:
    if "support_" not in fields:
        return True  # nothing was learned
    if fields.get("_sparse") is not False:
        raise Unread  # scipy's matrices, whose indices are numbers as well
    support, counts = integers(fields["support_"]), integers(fields.get("_n_support"))
    if support is None or counts is None or "_impl" in fields:  # the class says which of the machines it is
        return False
    classes, vectors = len(counts), len(support)
    pairs = classes * (classes - 1) // 2
    counted = not classifier or (classes >= 2 and min(counts) >= 0 and sum(counts) == vectors)
    return (
        counted
        and (classifier or classes == 2)
        and shape(fields.get("_dual_coef_")) == (classes - 1, vectors)
        and shape(fields.get("_intercept_")) == (pairs,)
        and all(shape(fields.get(name)) in ((pairs,), _NONE) for name in ("_probA", "_probB"))
        and _vectors_fit(fields, vectors)
        and _are_rows(support, fields.get("shape_fit_"))
    )


def _vectors_fit(fields: Fields, vectors: int) -> bool:
    """A row for each; none where a row of the data says how near it is to each."""
    found = shape(fields.get("support_vectors_"))
    if fields.get("kernel") == "precomputed" and found == (0, 0):
        return True
    return found is not None and len(found) == 2 and found[0] == vectors


def _are_rows(support: Any, fit: Any) -> bool:
    """With a kernel that is precomputed these are columns of the data, as many as rows were fitted."""
    rows = fit[0] if type(fit) is tuple and fit else None
    return type(rows) is int and (not support or (min(support) >= 0 and max(support) < rows))


def _centres(fields: Fields) -> bool:
    return "cluster_centers_" not in fields or _as_wide(fields, "cluster_centers_")


def _neighbours(fields: Fields) -> bool:
    return "_fit_X" not in fields or _as_wide(fields, "_fit_X")


def _voters(fields: Fields) -> bool:
    """The neighbours' classes are places among the classes."""
    if "_fit_X" not in fields:
        return True
    votes, rows = integers(fields.get("_y")), shape(fields["_fit_X"])
    known = shape(fields.get("classes_"))
    if votes is None or known is None or rows is None:
        raise Unread  # several outputs; scipy's matrices
    return _neighbours(fields) and len(votes) == rows[0] and (not votes or 0 <= min(votes) <= max(votes) < known[0])


def _as_wide(fields: Fields, name: str) -> bool:
    found = shape(fields[name])
    if found is None:
        raise Unread
    return len(found) == 2 and found[1] == fields.get("n_features_in_")


_NEIGHBOURS: Final = {
    "_graph": ("KNeighborsTransformer", "RadiusNeighborsTransformer"),
    "_lof": ("LocalOutlierFactor",),
    "_regression": ("KNeighborsRegressor", "RadiusNeighborsRegressor"),
    "_unsupervised": ("NearestNeighbors",),
}
SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    **dict.fromkeys((("sklearn.svm._classes", name) for name in ("NuSVC", "SVC")), fitted(_classifies)),
    **dict.fromkeys((("sklearn.svm._classes", name) for name in ("NuSVR", "OneClassSVM", "SVR")), fitted(_estimates)),
    **dict.fromkeys((("sklearn.cluster._kmeans", name) for name in ("KMeans", "MiniBatchKMeans")), fitted(_centres)),
    ("sklearn.cluster._bisect_k_means", "BisectingKMeans"): fitted(_centres),
    **{(f"sklearn.neighbors.{m}", n): fitted(_neighbours) for m, names in _NEIGHBOURS.items() for n in names},
    **dict.fromkeys(
        (("sklearn.neighbors._classification", f"{kind}NeighborsClassifier") for kind in ("K", "Radius")),
        fitted(_voters),
    ),
}
