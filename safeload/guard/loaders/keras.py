"""Keras: a model in a `.keras` archive, an HDF5 file, or a folder."""

from __future__ import annotations

from safeload.guard.interface import Entry
from safeload.guard.loaders.singlefile import SingleFile


class Keras(SingleFile):
    """`safe_mode` stands between a file and the code in it, and had holes; what the file holds is decided on.

    https://nvd.nist.gov/vuln/detail/CVE-2025-1550, https://nvd.nist.gov/vuln/detail/CVE-2025-8747
    A model of the hub (`hf://`) comes by `huggingface_hub`, and is decided on there.
    """

    name = "keras"
    argument = "filepath"
    suffixes = (".keras", ".h5", ".hdf5")
    by_suffix = True
    folders = True
    on_disk = (".h5", ".hdf5")
    entries = tuple(
        Entry(module=module, attribute=attribute)
        for module, attribute in (
            ("keras.models", "load_model"),
            ("keras.saving", "load_model"),
            ("keras.src.saving", "load_model"),
            ("keras.src.saving.saving_api", "load_model"),
            ("keras.src.saving.saving_lib", "load_model"),
            ("keras.src.legacy.saving.legacy_h5_format", "load_model_from_hdf5"),
            ("keras._tf_keras.keras.models", "load_model"),
            ("keras._tf_keras.keras.saving", "load_model"),
            ("tf_keras.models", "load_model"),
            ("tf_keras.saving", "load_model"),
            ("tf_keras.src.saving.saving_api", "load_model"),
        )
    )
