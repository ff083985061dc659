"""Fields whose values decide what a library calls: of a state that holds them, their kinds and short strings are told.

What these values may be is knowledge (`fields` in the lists of names); that they are told is not.
"""

from __future__ import annotations

from safeload.lean import Final

_SCORERS: Final = ("_Scorer", "_CurveScorer", "_PredictScorer", "_ProbaScorer", "_ThresholdScorer")

_OPTIMIZERS: Final = {
    "torch.optim.adadelta": "Adadelta",
    "torch.optim.adagrad": "Adagrad",
    "torch.optim.adam": "Adam",
    "torch.optim.adamax": "Adamax",
    "torch.optim.adamw": "AdamW",
    "torch.optim.asgd": "ASGD",
    "torch.optim.lbfgs": "LBFGS",
    "torch.optim.nadam": "NAdam",
    "torch.optim.radam": "RAdam",
    "torch.optim.rmsprop": "RMSprop",
    "torch.optim.rprop": "Rprop",
    "torch.optim.sgd": "SGD",
    "torch.optim.sparse_adam": "SparseAdam",
    "torch.optim._adafactor": "Adafactor",
    "torch.optim._muon": "Muon",
}

# Of every class of a package: the name of a file that saving writes, or of native code on the Hub that computes
# attention, or a method that the VM calls with items, which a state can put in place of the class's own.
YOLO: Final = tuple(
    ("ultralytics.nn.tasks", name)
    for name in (
        *("BaseModel", "ClassificationModel", "DepthModel", "DetectionModel", "OBBModel", "PoseModel"),
        *("RTDETRDetectionModel", "SegmentationModel", "SemanticSegmentationModel"),
    )
)
# Of these, not a state of the class, but the dictionary that the file makes.
BESIDE: Final = frozenset({"modelopt", "train_args"})

_PACKAGES: Final[dict[str, tuple[str, ...]]] = {
    "transformers": ("_attn_implementation_internal", "_compatible_flash_implementations"),
    "diffusers": ("config_name",),
    "nltk": ("append", "extend"),
    "sentence_transformers": ("config_file_name",),
}

_CLASSES: Final[dict[tuple[str, str], tuple[str, ...]]] = dict.fromkeys(
    YOLO, ("args", "modelopt", "names", "train_args", "yaml")
)

WATCHED: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    **dict.fromkeys(
        (("sklearn.ensemble._stacking", name) for name in ("StackingClassifier", "StackingRegressor", "_BaseStacking")),
        ("stack_method_", "stack_method"),
    ),
    ("sklearn.preprocessing._function_transformer", "FunctionTransformer"): (
        "func",
        "inverse_func",
        "feature_names_out",
    ),
    ("sklearn.compose._target", "TransformedTargetRegressor"): ("func", "inverse_func"),
    ("sklearn.feature_selection._from_model", "SelectFromModel"): ("importance_getter",),
    ("sklearn.feature_selection._rfe", "RFE"): ("importance_getter",),
    ("sklearn.feature_selection._rfe", "RFECV"): ("importance_getter",),
    **dict.fromkeys((("sklearn.metrics._scorer", name) for name in _SCORERS), ("_score_func", "_response_method")),
    # Methods that __setstate__ calls, which the state could put something else in place of.
    **dict.fromkeys(
        (pair for module, name in _OPTIMIZERS.items() for pair in ((module, name), ("torch.optim", name))),
        ("_patch_step_function", "_hook_for_profile"),
    ),
    ("sklearn.isotonic", "IsotonicRegression"): ("_build_f",),
    ("torch.utils.data.dataloader", "DataLoader"): ("worker_init_fn", "num_workers", "collate_fn"),
}


def watched(module: str, name: str) -> tuple[str, ...]:
    """The fields that are told of a class's states; none for most classes."""
    return WATCHED.get((module, name)) or _CLASSES.get((module, name)) or _PACKAGES.get(module.partition(".")[0], ())
