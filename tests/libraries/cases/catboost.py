"""CatBoost."""

from __future__ import annotations

from tests.libraries.files import opened

LOADERS = ("catboost",)
DISTRIBUTION = "catboost"
ATTACK = "none that is known to work: a file that is cut is refused by both"
PROTECTED = True


def make(folder, marker):
    import catboost
    import numpy

    rows = numpy.random.RandomState(0).rand(60, 3)
    model = catboost.CatBoostClassifier(iterations=3, verbose=0, thread_count=1, train_dir=str(folder / "info"))
    model.fit(rows, (rows[:, 0] > 0.5).astype(int)).save_model(str(folder / "a.cbm"))
    if marker:
        (folder / "a.cbm").write_bytes((folder / "a.cbm").read_bytes()[:-9])


def ways():
    import catboost
    import numpy
    from catboost import CatBoostClassifier

    def used(kind, *args, **kwargs):
        return repr(kind().load_model(*args, **kwargs).predict(numpy.zeros((2, 3))).tolist())

    return {
        "catboost.CatBoost.load_model": ("a.cbm", lambda path: used(catboost.CatBoost, str(path))),
        "catboost.CatBoost.load_model, a stream": ("a.cbm", opened(lambda file: used(catboost.CatBoost, stream=file))),
        "catboost.CatBoost.load_model, a blob": ("a.cbm", lambda path: used(catboost.CatBoost, blob=path.read_bytes())),
        "from catboost import CatBoostClassifier": ("a.cbm", lambda path: used(CatBoostClassifier, fname=str(path))),
    }
