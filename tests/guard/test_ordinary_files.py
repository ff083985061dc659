"""One's own files, caches and tools work as without the guard, and ask nothing."""

from __future__ import annotations

import pytest

from .ordinary import ONCE, TWICE, needs, run

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(240)]


def test_pickles_shelves_and_copies_of_ones_own(tmp_path):
    script = """
    import copy, io, pickle, shelve

    def main():
        with open("own.pkl", "wb") as file:
            pickle.dump({"a": [Own(1)]}, file)
        with open("own.pkl", "rb") as file:
            assert pickle.load(file) == {"a": [Own(1)]}
        nested = {"a": [Own({"b": (1, [2])})]}
        assert copy.deepcopy(nested) == nested and copy.copy(nested) == nested
        with shelve.open("shelf") as shelf:
            shelf["plain"] = {"a": [1, 2.5, "x"]}
            assert shelf["plain"] == {"a": [1, 2.5, "x"]}
    """
    run(script, tmp_path, main=TWICE)


def test_data_frames_and_estimators_of_ones_own(tmp_path):
    needs("pandas", "sklearn")
    script = """
    import joblib, pandas, pickle
    from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    class Doubles(BaseEstimator, TransformerMixin):
        def __init__(self, factor=2):
            self.factor = factor
        def fit(self, X, y=None):
            self.fitted_ = True
            return self
        def transform(self, X):
            return X * self.factor

    class Constant(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = sorted(set(y))
            return self

    def main():
        frame = pandas.DataFrame({0: [1, 2], 1: [0.5, 1.5], 2: pandas.to_datetime(["2020", "2021"])})
        frame.to_pickle("frame.pkl")
        assert pandas.read_pickle("frame.pkl").equals(frame)
        model = make_pipeline(StandardScaler(), Doubles(), LogisticRegression()).fit([[0.0], [1.0]], [0, 1])
        joblib.dump(model, "model.joblib")
        assert list(joblib.load("model.joblib").predict([[0.0], [1.0]])) == [0, 1]
        assert pickle.loads(pickle.dumps(Constant().fit([[1]], [3]))).classes_ == [3]
    """
    run(script, tmp_path, main=TWICE)


def test_a_whole_module_of_ones_own_in_torch(tmp_path):
    needs("torch")
    script = """
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
        def forward(self, x):
            return self.layers(x)

    def main():
        net = Net()
        torch.save(net, "net.pt")
        again = torch.load("net.pt", weights_only=False)
        assert torch.equal(again(torch.ones(1, 2)), net(torch.ones(1, 2)))
        optimizer = torch.optim.Adam(net.parameters())
        torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, "checkpoint.pt")
        assert torch.load("checkpoint.pt")["epoch"] == 3
        assert torch.load("checkpoint.pt", weights_only=False)["epoch"] == 3
    """
    run(script, tmp_path, main=TWICE)


def test_a_cache_of_joblib(tmp_path):
    needs("joblib")
    script = """
    import joblib, numpy
    memory = joblib.Memory("cache", verbose=0)
    calls = []

    @memory.cache
    def work(x):
        calls.append(x)
        return {"own": Own(x), "array": numpy.arange(x)}

    def main():
        assert work(3)["own"] == Own(3)
        assert work(3)["array"].sum() == 3
        assert calls in ([], [3]), calls
    """
    run(script, tmp_path, main=TWICE)


def test_map_with_processes_and_dill_as_datasets_does_it(tmp_path):
    needs("multiprocess", "dill")
    script = """
    import multiprocess

    def main():
        offset = 2
        class Local:
            def __init__(self, value):
                self.value = value
        with multiprocess.Pool(2) as pool:
            assert pool.map(lambda x: x + offset, range(3)) == [2, 3, 4]
            assert [local.value for local in pool.map(lambda x: Local(x), [1])] == [1]
            try:
                pool.apply_async(fail, (Own(7),)).get(60)
            except Exception as error:  # a copy of its class: dill sends it whole
                assert error.code == 7
    """
    run(script, tmp_path, main=TWICE)


def test_map_of_datasets(tmp_path):
    needs("datasets")
    script = """
    import datasets

    def main():
        data = datasets.Dataset.from_dict({"x": [1, 2, 3, 4]})
        doubled = data.map(lambda row: {"y": 2 * row["x"]}, num_proc=2)
        assert doubled["y"][:] == [2, 4, 6, 8]
        assert data.filter(lambda row: row["x"] > 2).num_rows == 2
    """
    run(script, tmp_path, main=TWICE)


def test_workers_of_dask(tmp_path):
    needs("distributed")
    script = """
    import dask
    from distributed import Client, LocalCluster

    def main():
        assert dask.delayed(len)([1, 2]).compute(scheduler="processes") == 2
        assert dask.delayed(len)([1, 2]).compute(scheduler="threads") == 2
        with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
            with Client(cluster) as client:
                assert client.submit(twice, Own(1)).result(60) == Own(2)
                assert client.submit(lambda x: x + 1, 1).result(60) == 2
                assert client.gather(client.map(twice, [Own(1)])) == [Own(2)]
                assert type(client.submit(fail, Own(1)).exception(60)) is OwnError
    """
    run(script, tmp_path, main=ONCE)


def test_figures_of_matplotlib(tmp_path):
    needs("matplotlib")
    script = """
    import matplotlib
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    def main():
        figure, axes = plt.subplots()
        axes.plot([1, 2], [3, 4])
        figure.savefig("figure.png")
        plt.close(figure)
    """
    run(script, tmp_path, main=TWICE)


def test_compiled_functions_of_numba(tmp_path):
    needs("numba")
    script = """
    import numba

    @numba.njit(cache=True)
    def add(x, y):
        return x + y

    @numba.njit(parallel=True)
    def total(n):
        s = 0
        for i in numba.prange(n):
            s += i
        return s

    def main():
        assert add(1, 2) == 3
        assert add(1.5, 2) == 3.5
        assert total(10) == 45
    """
    run(script, tmp_path, main=TWICE)


def test_compiled_models_of_torch(tmp_path):
    needs("torch")
    script = """
    import torch

    def main():
        compiled = torch.compile(lambda x: torch.sin(x) * 2 + x)
        assert torch.allclose(compiled(torch.ones(4)), torch.sin(torch.ones(4)) * 2 + 1)
    """
    run(script, tmp_path, main=ONCE)


def test_completion_history_and_storage_of_ipython(tmp_path):
    needs("IPython")
    script = """
    from IPython.core.interactiveshell import InteractiveShell

    def main():
        shell = InteractiveShell.instance()
        shell.run_cell("import json, pathlib")
        with __import__("IPython").core.completer.provisionalcompleter():
            found = [c.text for c in shell.Completer.completions("json.du", 7)]
        assert any("dump" in text for text in found), found
        shell.run_line_magic("load_ext", "storemagic")
        shell.user_ns["kept"] = {"a": [1, 2, "x"]}
        shell.run_line_magic("store", "kept")
        del shell.user_ns["kept"]
        shell.run_line_magic("store", "-r kept")
        assert shell.user_ns["kept"] == {"a": [1, 2, "x"]}
        shell.run_line_magic("timeit", "-n1 -r1 1 + 1")
    """
    run(script, tmp_path, main=TWICE)


def test_completion_by_jedi_with_a_warm_cache_and_another_interpreter(tmp_path):
    needs("jedi")
    script = """
    import jedi

    def main():
        for environment in (None, jedi.get_default_environment()):
            script = jedi.Script("import collections; collections.Ord", environment=environment)
            assert [c.name for c in script.complete(1, 35)] == ["OrderedDict"]
        import parso.cache
        parso.cache.parser_cache.clear()
        jedi.Script("import argparse; argparse.Arg").complete(1, 29)
    """
    run(script, tmp_path, main=TWICE)


def test_a_debugger_a_profiler_and_a_tracer(tmp_path):
    script = """
    import bdb, cProfile, io, pdb, sys, trace, types

    def main():
        said = io.StringIO()
        debugger = pdb.Pdb(stdin=io.StringIO("n\\nn\\np 40 + 2\\nc\\n"), stdout=said)
        debugger.use_rawinput = False
        debugger.run("x = 1\\ny = 2\\nz = 3\\n")
        assert "42" in said.getvalue(), said.getvalue()
        cProfile.Profile().runcall(twice, Own(1))
        trace.Trace(count=True, trace=False).runfunc(twice, Own(1))
        code = twice.__code__.replace(co_name="other")
        assert types.FunctionType(code, globals())(Own(1)) == Own(2)
    """
    run(script, tmp_path, main=TWICE)


def test_logging_over_a_socket(tmp_path):
    script = """
    import logging, logging.handlers, pickle, socketserver, struct, threading

    got = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            length = struct.unpack(">L", self.connection.recv(4))[0]
            got.append(logging.makeLogRecord(pickle.loads(self.connection.recv(length))))

    def main():
        with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            logger = logging.getLogger("ordinary")
            sender = logging.handlers.SocketHandler(*server.server_address)
            logger.addHandler(sender)
            logger.warning("number %s", 3)
            thread.join(30)
            logger.removeHandler(sender)
            sender.close()
        assert got[-1].getMessage() == "number 3"
    """
    run(script, tmp_path, main=TWICE)


def test_a_test_run_over_processes(tmp_path):
    needs("xdist")
    (tmp_path / "conftest.py").write_text("import safeload\nsafeload.install()\n")
    (tmp_path / "test_it.py").write_text("import pytest\n@pytest.mark.parametrize('x', range(4))\ndef test(x): pass\n")
    script = """
    import pytest

    def main():
        assert pytest.main(["-q", "-n", "2", "-p", "no:cacheprovider", "test_it.py"]) == 0
    """
    run(script, tmp_path, main=ONCE)
