"""`safeload log`: who decided what."""


def log() -> int:
    return 0
