"""`safeload status`: what is in force here."""


def status() -> int:
    return 0
