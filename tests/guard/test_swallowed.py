"""A stop that some code keeps to itself is in the audit log, and is said at the end; servers and threads go on."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

from .ordinary import HEAD, run

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(240)]

LIBRARY = """
import pickle
from pickle import load as early

def swallow(path):
    for read in (early, pickle.load):
        try:
            with open(path, "rb") as file:
                return read(file)
        except:
            pass

def retry(path):
    import torch
    try:
        return torch.load(path, weights_only=True)
    except Exception:
        try:
            return torch.load(path, weights_only=False)
        except Exception:
            pass

def wrap(path):
    try:
        with open(path, "rb") as file:
            return pickle.load(file)
    except Exception as error:
        raise OSError("could not load the model") from error
"""


def write_library(tmp_path):
    (tmp_path / "library.py").write_text(LIBRARY)


def log(tmp_path):
    return [json.loads(line) for line in (tmp_path / "state" / "audit.jsonl").read_text().splitlines()]


def test_a_bare_except_cannot_hide_it(tmp_path):
    write_library(tmp_path)
    script = """
    import pickle, library
    with open("evil.pkl", "wb") as file:
        pickle.dump(Attack(os.path.abspath("marker")), file)
    assert library.swallow("evil.pkl") is None
    assert not os.path.exists("marker")
    print("OK")
    """
    said = run(script, tmp_path, times=1)
    assert "posix.mkdir" in said or "os.mkdir" in said
    assert "kept this error to itself" in said
    assert any("mkdir" in json.dumps(entry) for entry in log(tmp_path))


def test_a_retry_without_the_protection_is_stopped_as_well(tmp_path):
    pytest.importorskip("torch")
    write_library(tmp_path)
    script = """
    import torch, library
    torch.save(Attack(os.path.abspath("marker")), "evil.pt", _use_new_zipfile_serialization=False)
    assert library.retry("evil.pt") is None
    assert not os.path.exists("marker")
    print("OK")
    """
    run(script, tmp_path, times=1)


def test_a_library_that_wraps_the_error_keeps_what_it_says(tmp_path):
    write_library(tmp_path)
    script = """
    import pickle, library
    with open("evil.pkl", "wb") as file:
        pickle.dump(Attack(os.path.abspath("marker")), file)
    try:
        library.wrap("evil.pkl")
    except OSError as error:
        assert isinstance(error.__cause__, Blocked) and "mkdir" in str(error.__cause__)
    print("OK")
    """
    assert "mkdir" in run(script, tmp_path, times=1)


def test_what_was_shown_is_not_said_again(tmp_path):
    script = """
    import pickle, safeload.auto
    data = pickle.dumps(Attack(os.path.abspath("marker")))
    print("OK", flush=True)
    pickle.loads(data)
    """
    path = tmp_path / "script.py"
    path.write_text(HEAD + textwrap.dedent(script))
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("mkdir") == 1, done.stderr


def test_what_python_showed_is_not_said_again(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(HEAD + "import pickle\npickle.loads(pickle.dumps(Attack(os.path.abspath('marker'))))\n")
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert "Blocked" in done.stderr
    assert "kept this error" not in done.stderr


def test_a_server_goes_on(tmp_path):
    script = """
    import asyncio, http.client, http.server, pickle, threading

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            value = unpickle(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(repr(value).encode())
        def log_message(self, *args):
            pass

    def ask(server, data):
        connection = http.client.HTTPConnection(*server.server_address, timeout=30)
        connection.request("POST", "/", data)
        try:
            return connection.getresponse().read()
        except http.client.RemoteDisconnected:
            return None

    async def handle(reader, writer):
        value = unpickle(await reader.readexactly(int(await reader.readline())))
        writer.write(repr(value).encode())
        writer.close()

    async def ask_async(port, data):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(str(len(data)).encode() + b"\\n" + data)
        writer.write_eof()
        try:
            return await asyncio.wait_for(reader.read(), 5)
        except (asyncio.TimeoutError, ConnectionError):
            return b""

    async def serve(evil):
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert await ask_async(port, evil) == b""
        assert await ask_async(port, pickle.dumps([3])) == b"[3]"
        server.close()

    evil = pickle.dumps(Attack(os.path.abspath("marker")))
    for kind in (http.server.HTTPServer, http.server.ThreadingHTTPServer):
        server = kind(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert ask(server, evil) is None
        assert ask(server, pickle.dumps([3])) == b"[3]", "the server goes on"
        server.shutdown()
        server.server_close()
    asyncio.run(serve(evil))
    assert not os.path.exists("marker")
    print("OK")
    """
    run(script, tmp_path, times=1)


def test_loads_in_threads_and_tasks_and_children(tmp_path):
    pytest.importorskip("torch")
    script = """
    import asyncio, pickle, subprocess, torch
    from concurrent.futures import ThreadPoolExecutor

    torch.save({"a": torch.ones(2)}, "good.pt")
    torch.save(Attack(os.path.abspath("marker")), "evil.pt")

    def load(name):
        return torch.load(name, weights_only=False)

    def refused(future):
        assert isinstance(future.exception(60), Blocked), future.exception(60)

    with ThreadPoolExecutor(4) as pool:
        good, evil = [pool.submit(load, "good.pt") for _ in range(4)], [pool.submit(load, "evil.pt") for _ in range(4)]
        assert all(future.result(60)["a"].sum() == 2 for future in good)
        for future in evil:
            refused(future)

    async def main():
        assert (await asyncio.to_thread(load, "good.pt"))["a"].sum() == 2
        try:
            await asyncio.to_thread(load, "evil.pt")
        except Blocked:
            pass
        else:
            raise AssertionError
        try:
            await asyncio.to_thread(unpickle, pickle.dumps(Attack(os.path.abspath("marker"))))
        except Blocked:
            pass
        else:
            raise AssertionError
        results = await asyncio.gather(*(asyncio.to_thread(load, n) for n in ("good.pt", "evil.pt")),
                                       return_exceptions=True)
        assert isinstance(results[1], Blocked) and results[0]["a"].sum() == 2

    asyncio.run(main())
    child = "import safeload; safeload.install(); import torch; torch.load('evil.pt', weights_only=False)"
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode != 0 and "mkdir" in done.stderr, done.stderr
    assert not os.path.exists("marker")
    print("OK")
    """
    run(script, tmp_path, times=1)
