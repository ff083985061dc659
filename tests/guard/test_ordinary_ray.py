"""Ray's tasks and actors work under the guard, and answer with an error when something is stopped.

Skipped where Ray is not installed: `pip install ray`.
"""

from __future__ import annotations

import pytest

from .ordinary import run

pytest.importorskip("ray")
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(240)]

SCRIPT = """
    import pickle
    import ray

    class Counter:
        def __init__(self):
            self.sum = 0
        def add(self, own):
            self.sum += own.value
            return self.sum

    if __name__ == "__main__":
        told = {"worker_process_setup_hook": "safeload.auto.activate"}
        ray.init(num_cpus=1, include_dashboard=False, runtime_env=told, log_to_driver=False)
        assert ray.get(ray.remote(twice).remote(Own(1))) == Own(2)
        assert ray.get(ray.remote(Counter).remote().add.remote(Own(3))) == 3
        marker = os.path.abspath("marker")
        try:
            ray.get(ray.remote(unpickle).remote(pickle.dumps(Attack(marker))))
        except Exception as error:
            assert "was not loaded" in str(error), error
        else:
            raise AssertionError("not stopped")
        assert not os.path.exists(marker)
        ray.shutdown()
        print("OK")
"""


def test_tasks_and_actors_of_ray(tmp_path):
    run(SCRIPT, tmp_path, times=1)
