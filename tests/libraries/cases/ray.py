"""Ray: work of one's own in workers, which are told to turn the guard on."""

from __future__ import annotations

from tests.libraries.payload import Runs

LOADERS = ("pickle",)
DISTRIBUTION = "ray"
REQUIRES = ("ray",)
ATTACK = "a pickle that calls a function, loaded by a task; `worker_process_setup_hook` is `safeload.auto.activate`"


def make(folder, marker):
    import pickle

    (folder / "a.pkl").write_bytes(pickle.dumps(Runs(marker) if marker else {"weights": [1.0, 2.0]}))


class Held:
    """A plain class of the user's own."""

    def __init__(self, value):
        self.value = value


def ways():
    import ray

    from safeload import patch

    def started():
        if not ray.is_initialized():
            told = {"worker_process_setup_hook": "safeload.auto.activate"} if patch.installed() else {}
            quiet = {"include_dashboard": False, "logging_level": "ERROR", "log_to_driver": False}
            ray.init(num_cpus=1, runtime_env=told, **quiet)

    def read(path):
        import pickle

        with open(path, "rb") as file:
            return Held(pickle.load(file))

    class Reader:
        def read(self, path):
            return read(path)

    def task(path):
        started()
        return repr(ray.get(ray.remote(read).remote(str(path))).value)

    def actor(path):
        started()
        return repr(ray.get(ray.remote(Reader).remote().read.remote(str(path))).value)

    return {"pickle.load in a task of Ray": ("a.pkl", task), "pickle.load in an actor of Ray": ("a.pkl", actor)}
