"""Section D, class by class: the real loader runs what is hidden in the container, and the same bytes are not allowed.

CVE-2025-1889, CVE-2025-1944, CVE-2025-1945, CVE-2025-10155, CVE-2025-10156, GHSA-97f8-7cmv-76j2.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report
from tests.builders import opcodes as op
from tests.builders import tars
from tests.builders.checkpoints import torch_legacy, torch_zip
from tests.builders.zips import Member, archive
from tests.bypasses.conftest import Attack, rules, verdict

Look = Callable[..., Report]
CLEAN = op.proto(2) + op.EMPTY_DICT + op.STOP
OBJECTS = b"{'descr': '|O', 'fortran_order': False, 'shape': ()}\n"
NPY = b"\x93NUMPY\x01\x00" + len(OBJECTS).to_bytes(2, "little") + OBJECTS
NUMPY = "import numpy; numpy.load(path, allow_pickle=True)"
NPZ = "import numpy; [z for z in numpy.load(path, allow_pickle=True).values()]"


def zero(marker: Path) -> bytes:
    """The payload in protocol 0, which has no signature."""
    return b"cbuiltins\nopen\n(V" + str(marker).encode() + b"\nVw\ntR."


# 28. The name says something else.


@pytest.mark.parametrize("suffix", [".safetensors", ".json", ".txt", ".npy", ".bin", ".p", ""])
@pytest.mark.parametrize("protocol", [0, 2])
def test_28_a_pickle_under_another_name(suffix: str, protocol: int, look: Look, attack: Attack) -> None:
    content = op.evil(attack.marker) if protocol else zero(attack.marker)
    report = look(content, name=f"model{suffix}")
    assert verdict(report) is not Action.ALLOW
    assert "pickle-dangerous-call" in rules(report)
    attack(content)


def test_28_torch_goes_by_content(look: Look, attack: Attack) -> None:
    assert verdict(look(torch_zip(op.evil(attack.marker)), name="model.npy")) is Action.BLOCK
    attack(torch_zip(op.evil(attack.marker)), loader="torch")


# 29. The directory of a ZIP and the members' own headers disagree; flags; checksums.


@pytest.mark.parametrize(
    "lie",
    [
        {"crc": 1},
        {"local_name": "archive/innocent.t"},
        {"local_flags": 1},
        {"method": 8},
    ],
    ids=str,
)
def test_29_a_zip_that_contradicts_itself(lie: dict[str, object], attack: Attack) -> None:
    report = attack(torch_zip(op.evil(attack.marker), **lie), loader="torch")
    assert "pickle-dangerous-call" in rules(report)


def test_29_case_does_not_matter_to_torch(attack: Attack) -> None:
    members = [
        Member(name="archive/DATA.PKL", data=op.evil(attack.marker)),
        Member(name="archive/version", data=b"3\n"),
    ]
    attack(archive(members), loader="torch")


# 30. Two members of one name.


def test_30_of_two_members_one_is_evil(attack: Attack, look: Look) -> None:
    """Which one torch reads has changed between releases; both orders are refused, and one of them runs."""
    bad = op.evil(attack.marker)
    twice = Member(name="archive/data.pkl", data=bad)
    first, last = torch_zip(CLEAN, first=(twice,)), torch_zip(CLEAN, extra=(twice,))
    for content in (first, last):
        assert verdict(look(content)) is Action.BLOCK
    for content in (first, last):
        attack.oracle.run("torch", content)
    assert attack.marker.exists()


def test_30_zipfile_reads_the_last_one(attack: Attack) -> None:
    twice = (Member(name="m.pkl", data=CLEAN), Member(name="m.pkl", data=op.evil(attack.marker)))
    attack(archive(twice), loader="import zipfile, pickle; pickle.loads(zipfile.ZipFile(path).read('m.pkl'))")


# 31. Containers that nobody expects.


def test_31_torchs_first_format(attack: Attack) -> None:
    attack(tars.torch_tar(op.evil(attack.marker)), loader="torch")


@pytest.mark.parametrize("where", ["storages", "tensors"])
def test_31_between_the_numbers_of_a_tar(where: str, attack: Attack) -> None:
    benign = tars.torch_tar(CLEAN)
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(benign)) as found:
        files = {one.name: found.extractfile(one).read() for one in found}  # type: ignore[union-attr]
    bad = op.evil(attack.marker)
    if where == "storages":
        files[where] = files[where][: -len(b"\x80\x02]q\x00.")] + bad
    else:
        files[where] = b"\x80\x02K\x02." + files[where][len(b"\x80\x02K\x01.") :] + bad
    attack(tars.made(files), loader="torch")


def test_31_a_tar_without_a_signature(attack: Attack) -> None:
    """Python goes by the checksum of the header alone, and so does `torch.load`."""
    whole = bytearray(tars.torch_tar(op.evil(attack.marker)))
    at = 0
    while any(whole[at : at + 512]):
        size = int(whole[at + 124 : at + 135], 8)
        whole[at + 257 : at + 265] = bytes(8)
        whole[at : at + 512] = tars.checked(whole[at : at + 512])
        at += 512 + (size + 511) // 512 * 512
    attack(bytes(whole), loader="torch")


def test_31_an_archive_in_an_archive(attack: Attack) -> None:
    inner = torch_zip(op.evil(attack.marker))
    for content, opened in (
        (archive([Member(name="inner.pt", data=inner)]), "zipfile.ZipFile(path).read('inner.pt')"),
        (tars.made({"inner.pt": inner}), "tarfile.open(path).extractfile('inner.pt').read()"),
    ):
        attack.marker.unlink(missing_ok=True)
        attack(
            content, loader=f"import io, tarfile, torch, zipfile; torch.load(io.BytesIO({opened}), weights_only=False)"
        )


@pytest.mark.parametrize("name", ["archive/notes", "archive/data/0", "archive/version"])
def test_31_protocol_0_under_a_neutral_name(name: str, attack: Attack) -> None:
    members = {"archive/data.pkl": CLEAN, "archive/version": b"3\n", name: zero(attack.marker)}
    content = archive([Member(name=one, data=data) for one, data in members.items()])
    attack(content, loader=f"import zipfile, pickle; pickle.loads(zipfile.ZipFile(path).read({name!r}))")


def test_31_containers_that_are_not_read_are_gaps(look: Look) -> None:
    for content in (b"Rar!\x1a\x07\x01\x00" + bytes(64), b"\x00\xff\x01\xfe" * 64, b"MSCF" + bytes(64)):
        assert verdict(look(content)) is Action.ASK


# 32. Compression that the loader undoes.


@pytest.mark.parametrize("kind", ["zlib", "gzip", "bz2", "xz", "lzma", "lz4"])
def test_32_what_joblib_inflates(kind: str, attack: Attack) -> None:
    pytest.importorskip("lz4")
    import joblib

    made = io.BytesIO()
    joblib.dump(Payload(attack.marker), made, compress=(kind, 3))
    attack(made.getvalue(), loader="joblib")


def test_32_joblibs_first_form(attack: Attack) -> None:
    from joblib.numpy_pickle_compat import write_zfile

    made = io.BytesIO()
    write_zfile(made, op.evil(attack.marker))
    attack(made.getvalue(), loader="joblib")


@pytest.mark.parametrize("kind", ["gzip", "bz2", "xz", "zip", "tar"])
def test_32_what_pandas_inflates(kind: str, attack: Attack) -> None:
    bad = op.evil(attack.marker)
    pack: dict[str, Callable[[], bytes]] = {
        "gzip": lambda: gzip.compress(bad),
        "bz2": lambda: bz2.compress(bad),
        "xz": lambda: lzma.compress(bad),
        "zip": lambda: archive([Member(name="frame", data=bad, method=8)]),
        "tar": lambda: tars.made({"frame": bad}),
    }
    attack(pack[kind](), loader=f"import pandas; pandas.read_pickle(path, compression={kind!r})")


def test_32_zstd(attack: Attack) -> None:
    zstandard = pytest.importorskip("zstandard")
    loader = "import zstandard, pickle; pickle.loads(zstandard.ZstdDecompressor().decompress(open(path, 'rb').read()))"
    attack(zstandard.compress(op.evil(attack.marker)), loader=loader)


def test_32_compressed_twice(attack: Attack) -> None:
    loader = "import gzip, zlib, pickle; pickle.loads(zlib.decompress(gzip.open(path).read()))"
    attack(gzip.compress(zlib.compress(op.evil(attack.marker))), loader=loader)


def test_32_a_second_stream_behind_the_first(attack: Attack) -> None:
    bad = op.evil(attack.marker)
    loader = "import pandas; pandas.read_pickle(path, compression='gzip')"
    attack(gzip.compress(bad[:9]) + gzip.compress(bad[9:]), loader=loader)


class Payload:
    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.marker, "w")


# 33. One file, several readings.


def test_33_a_pickle_in_front_of_a_zip(attack: Attack) -> None:
    assert "polyglot" in rules(attack(op.evil(attack.marker) + torch_zip(CLEAN)))


def test_33_a_zip_behind_a_pickle(attack: Attack) -> None:
    loader = "import zipfile, pickle; pickle.loads(zipfile.ZipFile(path).read('archive/data.pkl'))"
    attack(CLEAN + torch_zip(op.evil(attack.marker)), loader=loader)


def test_33_a_tar_that_starts_as_a_pickle(attack: Attack) -> None:
    """A tar's first hundred bytes are a name: any pickle that is short enough."""
    bad = op.evil(Path("m"))
    first = bytearray(tars.header("x", 4))
    first[: len(bad)] = bad
    content = tars.checked(first) + b"text".ljust(512, b"\0") + bytes(1024)
    loader = f"import os, pickle; os.chdir({str(attack.marker.parent)!r}); pickle.load(open(path, 'rb'))"
    loader += "; os.rename('m', 'marker')"
    attack(content, loader=loader)


def test_33_arrays_that_are_a_zip_too(attack: Attack) -> None:
    plain = io.BytesIO()
    np.save(plain, np.arange(3.0))
    loader = "import zipfile, pickle; pickle.loads(zipfile.ZipFile(path).read('archive/data.pkl'))"
    attack(plain.getvalue() + torch_zip(op.evil(attack.marker)), loader=loader)


def test_33_the_magic_number_is_the_first_pickles_result(attack: Attack) -> None:
    """The first of torch's five pickles may compute its number, and run something on the way."""
    number = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"
    computed = op.proto(2) + op.touch(attack.marker) + op.POP + number + op.STOP
    attack(computed + torch_legacy(CLEAN)[len(b"\x80\x02") + len(number) + 1 :], loader="torch")


# 34. Files beside the one that is named, and members that only a caller names.


def test_34_a_member_that_the_caller_names(attack: Attack) -> None:
    members = {"archive/data.pkl": CLEAN, "archive/config.json": zero(attack.marker), "archive/version": b"3\n"}
    content = archive([Member(name=name, data=data) for name, data in members.items()])
    attack(content, loader="import torch; torch.load(path, weights_only=False, pickle_file='config.json')")


def test_34_arrays_of_objects(attack: Attack) -> None:
    attack(NPY + op.evil(attack.marker), loader=NUMPY)


@pytest.mark.parametrize("method", [0, 8])
def test_34_arrays_of_objects_in_an_archive(method: int, attack: Attack) -> None:
    content = archive([Member(name="a.npy", data=NPY + op.evil(attack.marker), method=method)])
    attack(content, loader=NPZ)


def test_34_a_member_of_an_archive_of_arrays_that_is_none(attack: Attack) -> None:
    content = archive([Member(name="a.npy", data=op.evil(attack.marker))])
    attack(content, loader="import numpy, pickle; pickle.loads(numpy.load(path)['a'])")


def test_34_a_sidecar(attack: Attack, tmp_path: Path) -> None:
    other = tmp_path / "other.npy"
    other.write_bytes(NPY + op.evil(attack.marker))
    state = op.EMPTY_DICT + op.text("filename") + op.text(str(other)) + op.SETITEM
    content = op.proto(2) + op.glob("joblib.numpy_pickle_compat", "NDArrayWrapper") + b")\x81" + state + b"b."
    assert "joblib-file-elsewhere" in rules(attack(content, loader="joblib"))


# What all of this must not stop.


def test_ordinary_containers_are_allowed(look: Look) -> None:
    import joblib

    array, arrays, packed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(array, np.arange(6.0).reshape(2, 3))
    np.savez(arrays, a=np.arange(3), b=np.ones((2, 2), dtype="f2"), c=np.array(["x"]))
    np.savez_compressed(packed, a=np.zeros(1000))
    made = {
        "a.npy": array.getvalue(),
        "a.npz": arrays.getvalue(),
        "b.npz": packed.getvalue(),
        "a.npy.gz": gzip.compress(array.getvalue()),
        "m.tar": tars.made({"a.npy": array.getvalue(), "m.pt": torch_zip(CLEAN), "README.md": b"text"}),
        "m.pkl.gz": gzip.compress(CLEAN),
        "first-format.pt": tars.torch_tar(CLEAN),
    }
    for kind in ("zlib", "gzip", "bz2", "xz", "lzma"):
        dumped = io.BytesIO()
        joblib.dump({"a": np.arange(50)}, dumped, compress=(kind, 3))
        made[f"{kind}.joblib"] = dumped.getvalue()
    for name, content in made.items():
        report = look(content, name=name)
        assert verdict(report) is Action.ALLOW, (name, report.findings, report.results)
        assert report.findings == (), name
