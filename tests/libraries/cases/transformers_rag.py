"""transformers: passages and index of a RAG retriever."""

from __future__ import annotations

import os
import pickle

from tests.libraries.payload import Runs

LOADERS = ("pickle",)
DISTRIBUTION = "transformers"
REQUIRES = ("faiss-cpu==1.15.1",)
ATTACK = "the passages, or the table beside the index, are a pickle; both are read once `TRUST_REMOTE_CODE` is set"
_INDEX = "hf_bert_base.hnswSQ8_correct_phi_128.c_index"


def make(folder, marker):
    import faiss
    import numpy

    passages = {str(number): [f"text {number}", f"title {number}"] for number in range(3)}
    for name in ("passages", "table"):
        place = folder / name
        place.mkdir()
        index = faiss.IndexHNSWFlat(5, 4)
        index.add(numpy.eye(3, 5, dtype="float32"))
        faiss.write_index(index, str(place / f"{_INDEX}.index.dpr"))
        bad = Runs(marker) if marker else None
        first, second = (bad, None) if name == "passages" else (None, bad)
        (place / "psgs_w100.tsv.pkl").write_bytes(pickle.dumps(first or passages))
        (place / f"{_INDEX}.index_meta.dpr").write_bytes(pickle.dumps(second or ["0", "1", "2"]))


def ways():
    import numpy
    from transformers import RagConfig, RagRetriever

    os.environ["TRUST_REMOTE_CODE"] = "1"

    def retrieved(path):
        encoder = {"model_type": "dpr", "projection_dim": 0, "hidden_size": 4}
        config = RagConfig(question_encoder=encoder, generator={"model_type": "bart"}, index_name="legacy",
                           index_path=str(path), retrieval_vector_size=4, n_docs=2)  # fmt: skip
        retriever = RagRetriever(config, question_encoder_tokenizer=None, generator_tokenizer=None)
        _, numbers, found = retriever.retrieve(numpy.eye(1, 4, dtype="float32"), n_docs=2)
        return [numbers.tolist(), [one["title"] for one in found]]

    return {
        "transformers.RagRetriever, the passages": ("passages", retrieved),
        "transformers.RagRetriever, the table of the index": ("table", retrieved),
    }
