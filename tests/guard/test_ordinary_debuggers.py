"""Debuggers: one that talks to an editor, and one in the code of a model while it is loaded."""

from __future__ import annotations

import pytest

from tests.guard.ordinary import ONCE, needs, run

pytestmark = pytest.mark.heavy

# What an editor does: it attaches, sets a breakpoint, looks at a value, makes a call, and goes on.
EDITOR = """
import json, socket, sys

channel = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
stream, count, early = channel.makefile("rwb"), 0, []


def ask(command, **arguments):
    global count
    count += 1
    data = json.dumps({"seq": count, "type": "request", "command": command, "arguments": arguments}).encode()
    stream.write(b"Content-Length: %d\\r\\n\\r\\n" % len(data) + data)
    stream.flush()
    return count


def read():
    length = 0
    while True:
        line = stream.readline().strip()
        if not line:
            return json.loads(stream.read(length))
        if line.startswith(b"Content-Length:"):
            length = int(line.split(b":")[1])


def event(name):
    while True:
        for said in early:
            if said.get("event") == name:
                early.remove(said)
                return said.get("body")
        early.append(read())


def answer(number):
    while True:
        said = read()
        if said.get("request_seq") == number:
            assert said["success"], said
            return said.get("body")
        early.append(said)


answer(ask("initialize", adapterID="test"))
attached = ask("attach", justMyCode=True)
event("initialized")
path, line = sys.argv[2], int(sys.argv[3])
answer(ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": line}]))
answer(ask("configurationDone"))
thread = event("stopped")["threadId"]
frame = answer(ask("stackTrace", threadId=thread))["stackFrames"][0]
assert frame["line"] == line, frame
seen = answer(ask("evaluate", expression="twice(own).value + 1", frameId=frame["id"], context="repl"))["result"]
answer(ask("next", threadId=thread))
event("stopped")
answer(ask("continue", threadId=thread))
answer(ask("disconnect", terminateDebuggee=False))
print(seen)
"""


def test_an_editor_s_debugger(tmp_path):
    needs("debugpy")
    (tmp_path / "editor.py").write_text(EDITOR)
    script = """
    import debugpy, subprocess

    def work(own):
        total = own.value
        total += 1  # here
        return total

    def main():
        host, port = debugpy.listen(("127.0.0.1", 0))
        line = next(n for n, text in enumerate(open(__file__), 1) if text.strip().endswith("# here"))
        command = [sys.executable, "editor.py", str(port), __file__, str(line)]
        editor = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        debugpy.wait_for_client()
        assert work(Own(20)) == 21
        said, errors = editor.communicate(timeout=60)
        assert said.strip() == "41", (said, errors)
    """
    run(script, tmp_path, main=ONCE)


def test_a_debugger_in_a_model_s_code_while_it_is_loaded(tmp_path):
    place = tmp_path / "transformers_modules" / "modeling.py"
    place.parent.mkdir()
    place.write_text("def build():\n    width = 3\n    return width + 1\n")
    script = """
    import io, pathlib, pdb
    from safeload.guard import hook

    def main():
        path = str(pathlib.Path("transformers_modules/modeling.py").resolve())
        code, space, said = compile(open(path).read(), path, "exec"), {}, io.StringIO()
        debugger = pdb.Pdb(stdin=io.StringIO("c\\np width + 39\\ns\\nc\\n"), stdout=said)
        debugger.use_rawinput = False
        debugger.set_break(path, 3)
        with hook.executing([code]):
            exec(code, space)
            assert debugger.runcall(space["build"]) == 4
        assert "42" in said.getvalue(), said.getvalue()
    """
    run(script, tmp_path, main=ONCE)
