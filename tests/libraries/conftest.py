"""Which libraries are run: those that are installed here, or the one whose own environment this is."""

from __future__ import annotations

import os

from tests.libraries.running import ONE, all_cases, is_apart


def pytest_generate_tests(metafunc):
    if "case_name" in metafunc.fixturenames:
        only = os.environ.get(ONE)
        names = [only] if only else [name for name, case in all_cases().items() if not is_apart(case)]
        metafunc.parametrize("case_name", names)
