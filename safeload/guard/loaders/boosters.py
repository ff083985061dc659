"""XGBoost, LightGBM, CatBoost: trees in files of their own, which native code trusts."""

from __future__ import annotations

from safeload.guard.interface import Entry
from safeload.guard.loaders.singlefile import SingleFile
from safeload.lean import Any, Mapping


class XGBoost(SingleFile):
    name = "xgboost"
    argument = "fname"
    position = 1
    suffixes = (".ubj", ".xgb")
    by_suffix = True
    on_disk = ("",)
    entries = (Entry(module="xgboost.core", attribute="Booster.load_model"),)


class LightGBM(SingleFile):
    """A model in a string is `model_str`; a `train_set` loads nothing."""

    name = "lightgbm"
    argument = "model_file"
    position = 3
    entries = (Entry(module="lightgbm.basic", attribute="Booster.__init__"),)


class CatBoost(SingleFile):
    name = "catboost"
    argument = "fname"
    position = 1
    suffixes = (".cbm",)
    by_suffix = True
    entries = (Entry(module="catboost.core", attribute="CatBoost.load_model"),)

    def target(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        found = super().target(args, kwargs)
        return found if found is not None else kwargs.get("stream", kwargs.get("blob"))

    def replaced(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], given: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        for other in ("stream", "blob"):
            if kwargs.get(other) is not None:
                return args, {**kwargs, other: given}
        return super().replaced(args, kwargs, given)
