"""Processes of one program work as without the guard, and nothing hangs when something is stopped."""

from __future__ import annotations

import pytest

from .ordinary import TWICE, needs, run

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(240)]

METHODS = ["fork", "spawn", "forkserver"]
methods = pytest.mark.parametrize("method", METHODS)

MANY_WAYS = """
    import multiprocessing
    from multiprocessing.managers import BaseManager
    from multiprocessing import shared_memory

    class Manager(BaseManager):
        pass
    Manager.register("Own", Own, exposed=("__eq__",))

    def put(queue, pipe, own):
        queue.put(twice(own))
        pipe.send([own, own.value])
        pipe.close()

    def main():
        context = multiprocessing.get_context(METHOD)
        with context.Pool(2) as pool:
            assert pool.map(twice, [Own(1), Own(2)]) == [Own(2), Own(4)]
            assert list(pool.imap_unordered(twice, [Own(1)])) == [Own(2)]
            try:
                pool.apply(fail, (Own(7),))
            except OwnError as error:
                assert error.code == 7
            else:
                raise AssertionError
        queue, (here, there) = context.Queue(), context.Pipe()
        child = context.Process(target=put, args=(queue, there, Own(3)))
        child.start()
        assert queue.get(timeout=30) == Own(6)
        assert here.recv() == [Own(3), 3]
        child.join()
        manager = Manager(ctx=context)
        manager.start()
        assert manager.Own(5) is not None
        manager.shutdown()
        with context.Manager() as shared:
            held = shared.dict()
            held["own"] = Own(9)
            assert held["own"] == Own(9)
            assert shared.list([Own(1)])[0] == Own(1)
        memory = shared_memory.SharedMemory(create=True, size=8)
        with context.Pool(1) as pool:
            assert pool.apply(bytes, (4,)) == bytes(4)
        memory.close()
        memory.unlink()
"""


@methods
def test_pools_queues_pipes_and_managers(tmp_path, method):
    run(MANY_WAYS.replace("METHOD", repr(method)), tmp_path, main=TWICE)


POOLS = """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing.pool import ThreadPool

    def main():
        context = multiprocessing.get_context(METHOD)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            assert list(pool.map(twice, [Own(1), Own(2)])) == [Own(2), Own(4)]
            assert type(pool.submit(fail, Own(1)).exception(60)) is OwnError
        with ThreadPool(2) as pool:
            assert pool.map(twice, [Own(1)]) == [Own(2)]
        with ThreadPoolExecutor(2) as pool:
            assert pool.submit(twice, Own(1)).result(60) == Own(2)
"""


@methods
def test_executors(tmp_path, method):
    run(POOLS.replace("METHOD", repr(method)), tmp_path, main=TWICE)


STOPPED = """
    import multiprocessing, pickle
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing.pool import ThreadPool

    def said(ask):
        try:
            ask()
        except Blocked as error:
            assert "mkdir" in str(error), error
        else:
            raise AssertionError("not stopped")

    def main():
        marker = os.path.abspath("marker")
        data = pickle.dumps(Attack(marker))
        context = multiprocessing.get_context(METHOD)
        with context.Pool(2) as pool:
            said(lambda: pool.apply_async(unpickle, (data,)).get(60))
            said(lambda: pool.map_async(unpickle, [data]).get(60))
            assert pool.apply_async(twice, (Own(1),)).get(60) == Own(2), "the pool goes on"
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            said(lambda: pool.submit(unpickle, data).result(60))
            assert pool.submit(twice, Own(1)).result(60) == Own(2)
        with ThreadPool(1) as pool:
            said(lambda: pool.apply_async(unpickle, (data,)).get(60))
            assert pool.apply_async(twice, (Own(1),)).get(60) == Own(2)
        with ThreadPoolExecutor(1) as pool:
            said(lambda: pool.submit(unpickle, data).result(60))
            assert pool.submit(twice, Own(1)).result(60) == Own(2)
        assert not os.path.exists(marker)
"""


@methods
def test_a_stop_in_a_worker_is_an_ordinary_error_on_the_result(tmp_path, method):
    run(STOPPED.replace("METHOD", repr(method)), tmp_path, times=1, main="main()")


SENT = """
    import multiprocessing, pickle
    from concurrent.futures import ProcessPoolExecutor

    def attack(marker):
        return Attack(marker)

    def main():
        marker = os.path.abspath("marker")
        context = multiprocessing.get_context(METHOD)
        with context.Pool(1) as pool:
            result = pool.apply_async(attack, (marker,))
            try:
                result.get(20)
            except (Blocked, multiprocessing.TimeoutError) as error:
                print(type(error).__name__)
            else:
                raise AssertionError
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            error = pool.submit(attack, marker).exception(20)
            print(type(error).__name__)
        assert not os.path.exists(marker)
"""


@methods
def test_what_a_worker_sends_is_stopped_and_the_pool_does_not_hang(tmp_path, method):
    said = run(SENT.replace("METHOD", repr(method)), tmp_path, times=1, main="main()")
    assert "TimeoutError" not in said


LOKY = """
    import joblib, pickle
    from joblib.externals.loky import ProcessPoolExecutor

    def main():
        assert joblib.Parallel(2)(joblib.delayed(twice)(Own(i)) for i in range(3)) == [Own(0), Own(2), Own(4)]
        assert joblib.Parallel(2)(joblib.delayed(lambda x: x + 1)(i) for i in range(3)) == [1, 2, 3]
        assert joblib.Parallel(2, backend="multiprocessing")(joblib.delayed(twice)(Own(i)) for i in [1]) == [Own(2)]
        assert joblib.Parallel(2, backend="threading")(joblib.delayed(twice)(Own(i)) for i in [1]) == [Own(2)]
        with ProcessPoolExecutor(1) as pool:
            assert type(pool.submit(fail, Own(1)).exception(60)) is OwnError
            quiet()
            assert pool.submit(twice, Own(1)).result(60) == Own(2)
"""


def test_loky_and_joblib_parallel(tmp_path):
    needs("joblib")
    run(LOKY, tmp_path, main="main(); main()")


LOKY_ALONE = """
    import loky, pickle

    def main():
        with loky.ProcessPoolExecutor(1, initializer=safeload.install) as pool:
            assert pool.submit(twice, Own(1)).result(60) == Own(2)
            assert pool.submit(lambda x: x + 1, 1).result(60) == 2
            assert type(pool.submit(fail, Own(1)).exception(60)) is OwnError
            quiet()
            data = pickle.dumps(Attack(os.path.abspath("marker")))
            assert isinstance(pool.submit(unpickle, data).exception(60), Blocked)
            assert pool.submit(twice, Own(1)).result(60) == Own(2), "the pool goes on"
"""


def test_loky_by_itself(tmp_path):
    needs("loky")
    run(LOKY_ALONE, tmp_path, main="main(); main()")


LOADER = """
    import pickle, torch
    from torch.utils.data import DataLoader, Dataset

    class Rows(Dataset):
        def __init__(self, bad=None):
            self.bad = bad
        def __len__(self):
            return 8
        def __getitem__(self, i):
            if self.bad is not None:
                unpickle(self.bad)
            return {"x": torch.full((3,), float(i)), "own": i}

    def collate(rows):
        return Own([row["own"] for row in rows]), torch.stack([row["x"] for row in rows])

    def main():
        for persistent in (False, True):
            loader = DataLoader(Rows(), batch_size=4, num_workers=2, collate_fn=collate,
                                multiprocessing_context=METHOD, persistent_workers=persistent)
            for _ in range(2):
                batches = list(loader)
                assert [own.value for own, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7]]
                assert batches[1][1].sum() == 66
        quiet()
        bad = DataLoader(Rows(pickle.dumps(Attack(os.path.abspath("marker")))), num_workers=1,
                         multiprocessing_context=METHOD)
        try:
            list(bad)
        except NotLoaded as error:
            assert "mkdir" in str(error), error
        except Exception as error:
            raise AssertionError(repr(error)) from error
        assert not os.path.exists("marker")
"""


@methods
def test_workers_of_a_data_loader(tmp_path, method):
    needs("torch")
    run(LOADER.replace("METHOD", repr(method)), tmp_path, times=1 if method != "fork" else 2, main="main()")
