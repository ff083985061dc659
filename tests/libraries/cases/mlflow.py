"""MLflow: several flavours, code beside the model."""

from __future__ import annotations

from tests.libraries.payload import Runs

LOADERS = ("mlflow",)
DISTRIBUTION = "mlflow-skinny"
REQUIRES = ("mlflow-skinny",)
ATTACK = "a pickle that calls a function; Python in `code/` that the loader module is imported from"


def make(folder, marker):
    import os
    import pickle

    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
    import mlflow.sklearn
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    options = {"pip_requirements": [], "serialization_format": "pickle"}
    mlflow.sklearn.save_model(model, folder / "pickled", **options)
    mlflow.sklearn.save_model(model, folder / "code", **options)
    if marker:
        (folder / "pickled" / "model.pkl").write_bytes(pickle.dumps(Runs(marker)))
        place = folder / "code" / "code"
        place.mkdir()
        (place / "mine.py").write_text(f"import os\nos.mkdir({str(marker)!r})\n\ndef _load_pyfunc(path):\n    pass\n")
        text = (folder / "code" / "MLmodel").read_text().replace("loader_module: mlflow.sklearn", "loader_module: mine")
        (folder / "code" / "MLmodel").write_text(
            text.replace("  python_function:\n", "  python_function:\n    code: code\n")
        )


def ways():
    import os
    import sys

    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
    import mlflow.pyfunc
    import mlflow.sklearn
    from mlflow.pyfunc import load_model

    def used(model):
        return repr(model.predict([[3.0]]).tolist())

    def with_code(load, path):
        sys.modules.pop("mine", None)
        return used(load(str(path)))

    return {
        "mlflow.pyfunc.load_model": ("pickled", lambda path: used(mlflow.pyfunc.load_model(str(path)))),
        "mlflow.sklearn.load_model": ("pickled", lambda path: used(mlflow.sklearn.load_model(model_uri=str(path)))),
        "mlflow.pyfunc.load_model of a URI": ("pickled", lambda path: used(mlflow.pyfunc.load_model(path.as_uri()))),
        "mlflow.pyfunc.load_model, code": ("code", lambda path: with_code(mlflow.pyfunc.load_model, path)),
        "from mlflow.pyfunc import load_model": ("pickled", lambda path: used(load_model(str(path)))),
        "from mlflow.pyfunc import load_model, code": ("code", lambda path: with_code(load_model, path)),
    }
