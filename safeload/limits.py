"""Every number that bounds work on hostile input: name, unit, threat."""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

# The worker: one process parses one file at a time; what exceeds these dies and becomes `Unscanned(limit)`.
WORKER_MEMORY: Final = 4 * GIB  # address space, bytes; memory bombs (a 9-byte LONG_BINPUT takes 1.6 GiB)
WORKER_CPU: Final = 60  # CPU seconds for one artifact; hash collisions, doubling tuples as keys
WORKER_MESSAGE: Final = 64 * MIB  # bytes of one message; a worker that was taken over floods the parent
WORKER_START: Final = 10.0  # wall seconds until a worker says hello; a machine that cannot start it
EXPLAIN_CPU: Final = 10  # CPU seconds for the decompiled view; it is evidence, never the verdict

# Pickles.
STREAMS: Final = 10_000  # pickles in one member; fifty thousand tiny streams hide one
NAMES: Final = 20_000  # distinct (global, role, shape) in one member; floods the report
NESTED_DEPTH: Final = 4  # pickles within literals within pickles
EVIDENCE: Final = 200  # characters of one evidence string; card-long payloads in a panel

# Containers.
MEMBERS: Final = 100_000  # entries of one archive; directory bombs
ARCHIVE_DEPTH: Final = 4  # archives within archives
INFLATED: Final = 4 * GIB  # bytes that one compressed member may become; zip bombs
RATIO: Final = 1_100  # inflated to compressed; deflate cannot honestly exceed 1,032
HEADER: Final = 100 * MIB  # bytes of a safetensors header, as safetensors itself bounds it

# Sources.
SMALL_FILE: Final = 16 * MIB  # bytes of a config, index, template or code file read whole
FILES: Final = 100_000  # files of one repository; a listing that never ends
REPOSITORIES: Final = 16  # repositories that one load may reach; adapters of adapters
RANGE_BLOCK: Final = 64 * KIB  # bytes fetched at once by ranges
RANGE_TOTAL: Final = 256 * MIB  # bytes read of one remote file before a decision
CONNECT_TIMEOUT: Final = 10.0  # seconds; a server that does not answer
READ_TIMEOUT: Final = 30.0  # seconds between two packets; a server that stops
CARD_TEXT: Final = 200_000  # characters of a model card that are kept

# The guard.
PRIVATE_COPY: Final = 8 * GIB  # bytes of a pickle copied before it is unpickled; a file that fills the memory

# Asking.
HELLO: Final = 10.0  # seconds a panel has to say that somebody can see it
HEARTBEAT_LOST: Final = 150.0  # seconds without a sign of the page; browsers slow timers in hidden tabs
