from collections.abc import Callable, Iterable
from typing import Any

def install(handler: Callable[[str, tuple[Any, ...]], None], events: Iterable[str], /) -> bool: ...
