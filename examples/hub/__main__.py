"""`python examples/hub --port 0 --root DIR` serves the sample models until it is stopped."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> int:
    from hub import samples
    from hub.server import Hub

    parser = argparse.ArgumentParser(prog="python examples/hub", description="A local model hub with sample models.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--root", type=Path, help="where the models are kept; made there when they are not")
    parser.add_argument("--big", action="store_true", help="also a 500 MB checkpoint, which takes no room on disk")
    parser.add_argument("--build-only", action="store_true", help="make the models and stop")
    options = parser.parse_args()
    root = options.root or Path(tempfile.mkdtemp(prefix="hub-"))
    samples.build(root)
    if options.big:
        from hub.big import big_checkpoint

        big_checkpoint(root)
    if options.build_only:
        return 0
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        serving = Hub(root, port=options.port).start()
    except OSError as error:
        print(f"Port {options.port} cannot be opened: {error.strerror}.", file=sys.stderr)
        return 2
    with serving as hub:
        # The first line is for programs, so it has to come through a pipe at once.
        print(hub.endpoint, flush=True)
        print(f"Models: {', '.join(hub.store.ids())}", flush=True)
        stopped.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
