"""What settings, in JSON or YAML, name for a library to import, download or evaluate."""

from __future__ import annotations

import itertools
import re

from safeload import limits
from safeload.lean import Any, Final, Iterator
from safeload.parsers.facts import GapReason, Mention
from safeload.parsers.refused import Refused

# A class in a Python file of this or another repository: `auto_map` and `custom_pipelines` of transformers
# (dynamic_module_utils.get_class_from_dynamic_module, pipelines/__init__.py), `custom_pipeline` of diffusers
# (pipelines/pipeline_loading_utils.py), `custom_generate` (generation/utils.py).
CODE: Final = "code-reference"
_CODE: Final = ("auto_map", "custom_pipelines", "custom_pipeline", "custom_generate")
# Kernel repositories: `get_kernel` in transformers/integrations/hub_kernels.py.
KERNEL: Final = "kernel"
_KERNELS: Final = tuple(
    f"{start}{kind}_implementation{end}"
    for start in ("", "_")
    for kind in ("attn", "experts")
    for end in ("", "_internal")
)
# A dotted name that a library imports, by the key: `_target_` (hydra.utils.instantiate, also NeMo and MONAI),
# `_component_` (torchtune.config), `class_path` (jsonargparse, Lightning's command line), `parent_library`
# (peft/auto.py), `megatron_core` (peft/tuners/lora/tp_layer.py), `loader_module` (mlflow.pyfunc.load_model), `py/…`
# (jsonpickle.unpickler).
IMPORT: Final = "import"
_IMPORTS: Final = ("_target_", "_component_", "class_path", "parent_library", "megatron_core", "loader_module",
                   "py/object", "py/type", "py/function", "py/class", "py/module")  # fmt: skip
# The same for values with a dot; without one they name something that the library has: `activation_function`
# (sentence_transformers/base/modules/dense.py), `activation_fn` (cross_encoder/model.py), `tokenizer_class`
# (sentence_transformer/modules/word_embeddings.py), `target` and `cls` (nemo/core/classes/common.py: from_config_dict;
# `target` also in instantiate_from_config of latent diffusion's configurations).
_DOTTED: Final = (
    "activation_function",
    "activation_fn",
    "sbert_ce_default_activation_function",
    "tokenizer_class",
    "target",
    "cls",
)
# The classes of a sentence-transformers model (`modules.json`, `router_config.json`: import_module_class in
# util/misc.py), and of a diffusers pipeline (`model_index.json`: pipelines/pipeline_loading_utils.py).
MODULE: Final = "module-type"
PIPELINE: Final = "pipeline-class"
TRUST: Final = "trust"
# Text that a library evaluates as Python: MONAI's `$…` (https://docs.monai.io/en/stable/config_syntax.html), the layer
# tables of YOLO models (ultralytics/nn/tasks.py: parse_model; YOLOv5 evaluates names and arguments too).
EXPRESSION: Final = "expression"
TAG: Final = "yaml-tag"
# The name of one of several chat templates: transformers writes each into a file of that name (`save_chat_templates`).
TEMPLATE: Final = "template-name"
# What confection.py finds: functions that are called when a pipeline is loaded, when it is trained.
REGISTERED: Final = "registered-function"
TRAINING: Final = "registered-function-for-training"
KINDS: Final = frozenset({CODE, KERNEL, IMPORT, MODULE, PIPELINE, TRUST, EXPRESSION, TAG, TEMPLATE})

_KEYS: Final = frozenset((*_CODE, *_KERNELS, *_IMPORTS, *_DOTTED, "py/reduce", "trust_remote_code", "types", "filters"))
_PLAIN: Final = re.compile(r"[\w./:@,+ -]{0,200}")
_LAYER: Final = re.compile(r"(?:torch\.)?nn\.\w+(?:\([\w=., -]*\))?")
_HOLDERS: Final = frozenset({dict, list})
_OFF: Final = frozenset({"", "0", "~", "n", "no", "off", "false", "none", "null"})
_KEPT: Final = 1_000  # characters of one value


def mentions(root: Any, *, index: bool = False) -> tuple[Mention, ...]:
    """In the order of the file. `index`: it says what a pipeline is made of. Raises `Refused` beyond a limit."""
    found: dict[tuple[str, str, str], None] = {}
    for kind, text, where in itertools.chain(_all(root), _pipeline(root) if index else ()):
        found[kind, text[:_KEPT], where[:_KEPT]] = None
        if len(found) > limits.MENTIONS:
            raise Refused(f"more than {limits.MENTIONS:,} names for a library to import", reason=GapReason.LIMIT)
    return tuple(Mention(kind=kind, text=text, where=where) for kind, text, where in found)


Found = Iterator[tuple[str, str, str]]


def _all(root: Any) -> Found:
    yield from _modules(root)
    if isinstance(root, dict):
        yield from _templates(root.get("chat_template"))
        yield from _layers(root)
    targets = False
    for item, where in _objects(root):
        targets = targets or "_target_" in item
        yield from _object(item, where)
    if targets:
        yield from ((EXPRESSION, text, "") for text in _strings(root) if text.startswith("$"))


def _objects(root: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every object at any depth, each once however often it is meant, with the way to it. No recursion."""
    waiting: list[tuple[Any, str]] = [(root, "")]
    seen: set[int] = set()
    while waiting:
        item, where = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if type(item) is dict:
            yield item, where
            inner = [(value, f"{where}{key}.") for key, value in item.items() if type(value) in _HOLDERS]
            waiting.extend(reversed(inner))
        elif type(item) is list:
            # A vocabulary has hundreds of thousands of pairs of strings: those are not entered.
            waiting.extend((value, where) for value in reversed(item) if _holds(value))


def _holds(value: Any) -> bool:
    kind = type(value)
    return kind is dict or (kind is list and not _HOLDERS.isdisjoint(map(type, value)))


def _object(item: dict[str, Any], where: str) -> Found:
    if not _KEYS & item.keys():
        return
    for key in _CODE:
        if key in item:
            yield from ((CODE, text, where + key) for text in _strings(item[key]))
    for key in _KERNELS:
        if key in item:
            yield from ((KERNEL, text, where + key) for text in _strings(item[key]) if "/" in text)
    for key in (*_IMPORTS, *_DOTTED):
        value = item.get(key)
        if isinstance(value, str) and (key in _IMPORTS or "." in value):
            yield IMPORT, value, where + key
    if isinstance(item.get("py/reduce"), list):
        yield from ((IMPORT, text, where + "py/reduce") for text in _strings(item["py/reduce"]) if "." in text)
    for stage in item["filters"] if isinstance(item.get("filters"), list) else ():
        if isinstance(stage, dict) and stage.get("id") == "pickle":
            yield (
                IMPORT,
                "pickle.loads",
                where + "filters",
            )  # https://numcodecs.readthedocs.io/en/stable/other/pickles.html
    if _is_on(item.get("trust_remote_code")):
        yield TRUST, "trust_remote_code: true", where + "trust_remote_code"
    if isinstance(item.get("types"), dict) and "structure" in item:
        yield from ((MODULE, text, where + "types") for text in _strings(item["types"]))


def _is_on(value: Any) -> bool:
    """As Python takes it, or YAML, of which the words come as they stand."""
    return value.casefold() not in _OFF if isinstance(value, str) else bool(value)


def _modules(root: Any) -> Found:
    """`modules.json`: a list of objects with `idx`, `name`, `path` and `type`."""
    for item in root if isinstance(root, list) else []:
        if isinstance(item, dict) and isinstance(item.get("type"), str) and {"path", "name"} & item.keys():
            yield MODULE, item["type"], str(item.get("name", ""))[:100]


def _templates(held: Any) -> Found:
    names = list(held) if isinstance(held, dict) else held if isinstance(held, list) else []
    for item in names:
        name = item.get("name") if isinstance(item, dict) else item
        if isinstance(name, str):
            yield TEMPLATE, name, "chat_template"


def _pipeline(root: Any) -> Found:
    """`model_index.json`: a pair of library and class for each component, and for `_class_name` where it is one.

    In `modular_model_index.json` the class that is made is that of `type_hint`, behind the pair.
    """
    for key, value in root.items() if isinstance(root, dict) else ():
        if key[:1] != "_" or key == "_class_name":
            yield from _pair(value, key)
        behind = value[2:3] if isinstance(value, list) else []
        for item in behind:
            yield from _pair(item.get("type_hint") if isinstance(item, dict) else None, f"{key}.type_hint")


def _pair(value: Any, where: str) -> Found:
    """What unpacks into a library and a class, as diffusers has it: a list, or the keys of an object."""
    pair = list(value)[:2] if isinstance(value, list) or (isinstance(value, dict) and len(value) == 2) else []
    if len(pair) == 2 and all(isinstance(text, str) for text in pair):
        yield PIPELINE, f"{pair[0]}:{pair[1]}", where


def _layers(root: dict[str, Any]) -> Found:
    """The layer tables of a YOLO model, as far as they are more than names and numbers."""
    if not isinstance(root.get("backbone"), list) or not isinstance(root.get("head"), list):
        return
    for key in ("backbone", "head", "activation", "anchors", "nc", "depth_multiple", "width_multiple", "scales"):
        for text in _strings(root.get(key)):
            if not _LAYER.fullmatch(text) and ("__" in text or not _PLAIN.fullmatch(text)):
                yield EXPRESSION, text, key


def _strings(value: Any) -> Iterator[str]:
    waiting, seen = [value], set[int]()
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict | list) and id(item) not in seen:
            seen.add(id(item))
            waiting.extend(reversed(list(item.values() if isinstance(item, dict) else item)))
