"""JSON that some loader makes objects of, told by what stands in it."""

from __future__ import annotations

import re

from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.mentions import Mentions
from safeload.parsers.models import boosters, catboostjson, keras, mar, mlpackage, skops

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention

FORMAT: Final = "json-format"  # a format of its own, which is JSON by its letters only
# Any key that matters, or the escape of a character that such a key could be written with.
_MARKS: Final = re.compile(r"class_name|__loader__|handler|gradient_booster|features_info|itemInfoEntries|\\u00[2-7]")


def said(text: str, value: Any) -> tuple[Mention, ...]:
    """What `value`, which is the JSON in `text`, names. Raises `Malformed`."""
    if _MARKS.search(text) is None:
        return ()
    found = Mentions()
    keras.say(value, found)
    skops.say(value, found)
    mar.say(value, found)
    mlpackage.say(value, found)
    boosters.say(value, found)
    if catboostjson.is_model(value):
        found.add(FORMAT, "catboost")
        catboostjson.say(value, found)
    return found.all()
