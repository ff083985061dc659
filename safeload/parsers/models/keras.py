"""What a Keras configuration names: classes, functions, bytecode, files.

It is JSON wherever it stands: config.json in a `.keras` archive, an attribute of an HDF5 file, a file of its own.
https://keras.io/guides/serialization_and_saving/
"""

from __future__ import annotations

import base64
import binascii
import json
import re

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final, Mapping
from safeload.parsers.facts import GapReason
from safeload.parsers.jsonwalk import walk
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.mentions import Mentions

# With "class_name", one of these makes a dictionary something that Keras builds an object of.
_BUILT: Final = ("config", "items", "spec_name", "type_spec")
_CODE: Final = ("function", "output_shape", "mask")
_WORDS: Final = re.compile(rb"[\x20-\x7e]{3,}")


def say(value: Any, said: Mentions) -> None:
    """Mentions of everything in `value` from which Keras makes an object. Raises `Refused`."""
    for where, item in walk(value):
        if "class_name" in item and any(key in item for key in _BUILT):
            _object(item, where, said)


def _object(item: Mapping[str, Any], where: str, said: Mentions) -> None:
    name, config, module = item["class_name"], item.get("config"), item.get("module")
    if not isinstance(name, str) or not isinstance(module, (str, type(None))):
        said.add("keras-odd", f"{name!r:.80} of {module!r:.80}", where)
        return
    module = module or ""
    if name == "function":
        said.add("keras-function", f"{module}:{config if isinstance(config, str) else repr(config)[:80]}", where)
        _registered(item, ("function", config), where, said)
        return
    if name == "__lambda__":
        said.add("keras-bytecode", _readable(config), where)
        return
    said.add("keras-class", f"{module}:{name}", where)
    _registered(item, (name,), where, said)
    if isinstance(config, dict):
        _settings(name, config, where, said)


def _registered(item: Mapping[str, Any], own: tuple[Any, ...], where: str, said: Mentions) -> None:
    """The name under which a program may have registered a class of its own; Keras then takes that one."""
    name = item.get("registered_name")
    if name not in (None, *own):
        said.add("keras-registered", str(name)[: limits.NAME], where)


def _settings(name: str, config: dict[str, Any], where: str, said: Mentions) -> None:
    if isinstance(config.get("vocabulary"), str) and config["vocabulary"]:
        said.add("keras-file", config["vocabulary"], where)
    if name == "TFOpLambda":
        said.add("keras-tf-function", str(config.get("function"))[: limits.NAME], where)
    if name != "Lambda":
        return
    for key in _CODE:
        held = config.get(key)
        # Keras 2 and early Keras 3 wrote a list of bytecode, defaults and closure.
        listed = isinstance(held, list) and held and isinstance(held[0], str)
        if listed or config.get(f"{key}_type") == "lambda":
            said.add("keras-bytecode", _readable(held), where)


def _readable(held: Any) -> str:
    """The words in marshalled bytecode: names and texts that it uses. Nothing is unmarshalled."""
    if isinstance(held, dict):
        held = held.get("code", held.get("value"))
    if isinstance(held, list) and held:
        held = held[0]
    if not isinstance(held, str):
        return ""
    try:
        raw = base64.b64decode(held[: 64 * limits.KIB], validate=False)
    except (binascii.Error, ValueError):
        raw = held[:1_000].encode("utf-8", "replace")
    return b" ".join(_WORDS.findall(raw))[: limits.EVIDENCE].decode("ascii")


def say_text(text: str, said: Mentions) -> None:
    """The same of a configuration that is JSON text. Raises `Malformed`."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise Refused("a configuration that is nested too deeply", reason=GapReason.LIMIT) from error
    except ValueError as error:
        raise Malformed("a configuration that is no JSON") from error
    say(value, said)
