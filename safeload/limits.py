"""Every number that bounds work on hostile input: name, unit, threat."""

from __future__ import annotations

from safeload.lean import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

# The worker: one process parses one file at a time; what exceeds these dies and becomes `Unscanned(limit)`.
WORKER_MEMORY: Final = 4 * GIB  # address space, bytes; memory bombs (a 9-byte LONG_BINPUT takes 1.6 GiB)
WORKER_CPU: Final = 60  # CPU seconds for one artifact; hash collisions, doubling tuples as keys
BATCH_CPU: Final = 4  # CPU seconds for small files that are sent together; whichever takes more is asked about alone
WORKER_MESSAGE: Final = 64 * MIB  # bytes of one message; a worker that was taken over floods the parent
WORKER_START: Final = 10.0  # wall seconds until a worker says hello; a machine that cannot start it
EXPLAIN_CPU: Final = 10  # CPU seconds for the decompiled view; it is evidence, never the verdict
EXPLAIN_MEMORY: Final = 2 * GIB  # address space of the process that decompiles; a tree takes hundredfold
EXPLAIN_PICKLE: Final = 4 * MIB  # bytes of one pickle that is decompiled; beyond, it takes longer than people wait
EXPLAIN_TEXT: Final = 100_000  # characters of one decompiled view; a flood of harmless lines around one that is not
EXPLAIN_LINE: Final = 400  # characters of one line of it
EXPLAIN_STREAMS: Final = 4  # pickles of one member that are decompiled
EXPLAIN_FILES: Final = 4  # files of one report that are decompiled

# Pickles.
PURE_BYTES: Final = 1 * MIB  # bytes of a pickle that C refuses which are run in Python, tens of times slower
STREAMS: Final = 10_000  # pickles in one member; fifty thousand tiny streams hide one
NAMES: Final = 20_000  # distinct (global, role, shape) in one member; floods the report
NAME: Final = 1_000  # characters of module and name together; megabyte-long names fill the report
PLAIN_TRIES: Final = 2_000  # places of one member where a pickle without a signature is looked for; word lists
PLAIN_VALUES: Final = 4_096  # values of one member that are looked at for such a pickle; an endless list
PLAIN_PICKLE: Final = 64 * KIB  # bytes of such a pickle that are run
NESTED_DEPTH: Final = 4  # pickles within literals within pickles
NESTED_BYTES: Final = 64 * MIB  # bytes of literals of one member that are run as pickles; thousands that overlap
ARROW_TYPES: Final = 4_096  # types within one type of a column; types within each other multiply
ARROW_WIDTH: Final = 1 << 24  # bytes of a fixed binary, or items of a fixed list; numbers that multiply
ARRAYS_HELD: Final = 256 * MIB  # bytes of arrays that are kept of a joblib file, and of one read whole; memory
FINDINGS: Final = 500  # findings of one rule in one member; beyond, one stands for the rest; floods the report
EVIDENCE: Final = 200  # characters of one evidence string; card-long payloads in a panel

# Containers.
MEMBERS: Final = 100_000  # entries of one archive; directory bombs
ARCHIVE_DEPTH: Final = 4  # archives within archives
REMOTE_LOOKS: Final = 16  # members of one archive outside torch's layout that are looked at over a network; a slow look
INFLATED: Final = 4 * GIB  # bytes that all compressed members of one file may become; zip bombs
HELD: Final = 128 * MIB  # bytes of inflated content that are held at once; beyond, it is inflated again to step back
DICTIONARY: Final = 256 * MIB  # bytes of a decompressor's own memory, as a file asks for it
RATIO: Final = 1_100  # inflated to compressed; deflate cannot honestly exceed 1,032
TEXT: Final = 256 * MIB  # bytes of a text that is read whole; a vocabulary that never ends
NPY_HEADER: Final = 1 * MIB  # bytes of one array's header; numpy itself writes hundreds
HEADER: Final = 100_000_000  # bytes of a safetensors header, as safetensors itself bounds it

# Protocol Buffers, HDF5 and the like.
PROTO_FIELDS: Final = 10_000_000  # fields of one file; empty fields take two bytes each
PROTO_DEPTH: Final = 100  # messages within messages, as protobuf itself bounds it
PROTO_TEXT: Final = 64 * KIB  # bytes of one string that is kept; a name of megabytes
PIECE: Final = 16 * KIB  # bytes of one piece of a SentencePiece vocabulary; its library goes down a level a letter
PROTO_KEPT: Final = 4_000_000  # strings and messages of one file that are kept at one time or another; floods

# Programs and settings.
CODE_BYTES: Final = 2 * MIB  # bytes of a Python file that is parsed; a tree takes a hundredfold
CODE_NODES: Final = 1_000_000  # nodes of one syntax tree; minutes of walking
CODE_NESTING: Final = 400  # how deep a syntax tree goes; expressions that exhaust the stack
CODE_MEANINGS: Final = 32  # things that one name of a program may stand for; aliases that multiply
CODE_USES: Final = 20_000  # distinct uses in one program; floods the report
CODE_LINE: Final = 160  # characters of a line of code that are shown
MENTIONS: Final = 2_000  # things that one file of settings names for a loader; floods the report
YAML_BYTES: Final = 8 * MIB  # bytes of a YAML file that is parsed; its parser is slow Python
YAML_VALUES: Final = 2_000_000  # values that a YAML file becomes with its aliases written out; billion laughs
YAML_DEPTH: Final = 200  # collections within collections in YAML

# Chat templates.
TEMPLATE: Final = 256 * KIB  # bytes of one template; the longest ordinary ones have 50 KiB
TEMPLATE_NODES: Final = 100_000  # parts of its tree; each is looked at several times
TEMPLATE_TESTS: Final = 2_000  # comparisons of one template; a report that never ends
TEMPLATE_SOURCES: Final = 1_000  # places that one name may get its value from; names that are each other's
TEMPLATE_FOLDS: Final = 50  # constants within constants that are put together; recursion
TEMPLATE_ADDED: Final = 1_000  # texts of one branch that are kept beside its condition; nested branches repeat them
TEMPLATE_ADDS: Final = 16 * KIB  # characters of one such text
TEMPLATE_WORK: Final = 10**12  # rounds of nested loops that are counted up to
TEMPLATE_POWER: Final = 1_000  # exponent by which a number is still small

# Formats of weights.
ODDITIES: Final = 1_000  # places of one file that are noted as odd; a report that never ends
GGUF_TENSORS: Final = 200_000  # tensors of one GGUF file; a count that is believed
GGUF_KEYS: Final = 65_536  # keys of its metadata; the same
GGUF_KEY: Final = 64 * KIB  # bytes of one key or name, as the format bounds it
GGUF_TEXT: Final = 16 * MIB  # bytes of one text among its values; a length that is believed
GGUF_DEPTH: Final = 4  # arrays within arrays
HDF5_OBJECTS: Final = 200_000  # objects of one file; a tree without end
UBJSON: Final = 1 * GIB  # bytes of one object; it is held whole
UBJSON_VALUES: Final = 5_000_000  # values of it, a list of numbers being one; a flood of nothings
UBJSON_DEPTH: Final = 64  # objects within objects; recursion
MSGPACK_VALUES: Final = 20_000_000  # values of one MessagePack file; the same
MSGPACK_DEPTH: Final = 64  # maps within maps; recursion
XML_DEPTH: Final = 64  # elements within elements; the same
FLATBUFFER_READS: Final = 5_000_000  # values read of one file; vectors that are believed, tables shared in millions

# Sources.
SMALL_FILE: Final = 16 * MIB  # bytes of a config, index, template or code file read whole
FILES: Final = 100_000  # files of one repository; a listing that never ends
REPOSITORIES: Final = 16  # repositories that one load may reach; adapters of adapters
RANGE_BLOCK: Final = 64 * KIB  # bytes fetched at once by ranges
RANGE_REQUEST: Final = 16 * MIB  # bytes a worker may ask for at once; a parser that was taken over
RANGE_TOTAL: Final = 256 * MIB  # bytes read of one remote file before a decision
RANGE_AHEAD: Final = 4 * MIB  # bytes that one request of a reader which reads on and on grows to
RANGE_CACHE: Final = 8 * MIB  # bytes of one remote file kept for reading again
RANGE_READERS: Final = 8  # remote files of which that is kept
RANGE_SECONDS: Final = 120.0  # wall seconds for one answer; a server that drips a byte before each timeout
REDIRECTS: Final = 5  # hops from a file's address to its bytes; a loop
CONNECT_TIMEOUT: Final = 10.0  # seconds; a server that does not answer
READ_TIMEOUT: Final = 30.0  # seconds between two packets; a server that stops
CARD_TEXT: Final = 200_000  # characters of a model card that are kept
CARD_FIELDS: Final = 64 * KIB  # characters of a card's front matter that are parsed; slow YAML
BASES: Final = 3  # base models whose chat template is asked for; a card that names hundreds
BASE_FILE: Final = 4 * MIB  # bytes of a file of theirs that is read for it; tokenizers with their vocabulary in it
ABOUT_JSON: Final = 4 * MIB  # bytes of one answer about a repository; a flood
ABOUT_VALUES: Final = 20_000  # values of one answer that are kept; aliases that multiply
ABOUT_SECONDS: Final = 20.0  # wall seconds to wait for all of what a hub says beside the files
CODE_FILES: Final = 500  # Python files that one import chain may reach

# Rescue.
RESCUE_VALUES: Final = 2_000_000  # values of one pickle that are walked through; containers within each other multiply
RESCUE_DEPTH: Final = 100  # containers within containers; recursion
RESCUE_TENSORS: Final = 100_000  # tensors of one file; a header that no reader of safetensors takes
RESCUE_NAME: Final = 1_000  # characters of one tensor's name; the same
RESCUE_DROPPED: Final = 1_000  # things of one file that are listed as not kept; a record that never ends
RESCUE_GROWTH: Final = 1 * GIB  # bytes that tensors may take beyond their file; views that repeat one number
RESCUE_ROWS: Final = 50_000_000  # rows of one file that are picked out of a storage one by one; minutes of work

# The guard.
PRIVATE_COPY: Final = 8 * GIB  # bytes of a pickle copied before it is unpickled; a file that fills the memory

# Asking.
HELLO: Final = 10.0  # seconds a panel has to say that somebody can see it
HEARTBEAT_LOST: Final = 150.0  # seconds without a sign of the page; browsers slow timers in hidden tabs

# Judgement and state.
REASONS: Final = 50  # reasons of one clause in one verdict; an answer too long for a person to read
POLICY_FILE: Final = 64 * KIB  # bytes of a policy file; a working folder that came with something else
POLICY_STATEMENT: Final = 64  # lines of one statement in a policy file, when looking for a key's line
WHOLE: Final = 64 * KIB  # bytes; a smaller file is read at once, and goes to the worker in a message
TREE: Final = 32 * MIB  # bytes of a cached listing of a repository; somebody else's cache
SPARE: Final = 256 * MIB  # bytes of memory that a sealed copy leaves free; a model that is larger than the machine
HOLES: Final = 1 * GIB  # bytes of a file that is nearly all holes; a sparse file takes no disk, and minutes to hash
STATE_WAIT: Final = 10.0  # seconds to wait for another process's turn on a state file
REMEMBERED: Final = 128 * KIB  # bytes; reading a smaller file again is quicker than looking up what was read of it
REMEMBERED_SMALL: Final = 32  # smaller files beside a large one that are looked up all the same; a folder of thousands
MEMO_ROWS: Final = 20_000  # remembered files and parses, each; a state folder that grows for ever
MEMO_BYTES: Final = 256 * MIB  # of remembered parses; the same
MEMO_PARSE: Final = 8 * MIB  # bytes of one remembered parse; reading it again is then no slower
LOG_ENTRY: Final = 64 * KIB  # bytes of one audit entry; evidence that floods the log
LOG_TORN: Final = 4 * KIB  # bytes kept of an entry that a crash cut off
