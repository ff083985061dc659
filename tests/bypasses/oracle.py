"""A server that runs real loaders on hostile bytes, each in a forked child: `python oracle.py [module ...]`.

What is named is imported first, so that a child costs milliseconds. A request is a line of JSON: code, CPU seconds,
bytes of address space. The answer is one too: how the child ended (as `returncode`), and its last line of output.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import tempfile


def main() -> None:
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for line in sys.stdin:
        request = json.loads(line)
        with tempfile.TemporaryFile() as output:
            ended = os.waitstatus_to_exitcode(os.waitpid(child(request, output.fileno()), 0)[1])
            output.seek(0)
            last = output.read()[-2000:].decode(errors="replace").strip().splitlines()
        print(json.dumps([ended, last[-1] if last else ""]), flush=True)


def child(request: dict, output: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    ended = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (request["cpu"], request["cpu"]))
        if request["memory"]:
            resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
        exec(compile(request["code"], "oracle", "exec"), {"__name__": "__main__"})
        ended = 0
    except BaseException as error:
        os.write(2, f"\n{type(error).__name__}: {error}".encode(errors="replace")[:1000])
    finally:
        os._exit(ended)


if __name__ == "__main__":
    main()
