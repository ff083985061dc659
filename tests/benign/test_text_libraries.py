# ruff: noqa: E501 -- one case a line
"""What gensim, nltk and Pillow pickle is allowed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker

from .judging import Suite

np = pytest.importorskip("numpy")
gensim = pytest.importorskip("gensim")
nltk = pytest.importorskip("nltk")
Image = pytest.importorskip("PIL.Image")

from gensim import corpora, models, similarities  # noqa: E402
from gensim.models.doc2vec import TaggedDocument  # noqa: E402
from nltk import collocations, lm, probability, stem, tokenize  # noqa: E402

TEXTS = [["a", "b", "c"], ["b", "c", "d"], ["a", "d"]] * 4
WORDS = corpora.Dictionary(TEXTS)
BAGS = [WORDS.doc2bow(text) for text in TEXTS]
TAGGED = [[("the", "D"), ("dog", "N")], [("a", "D"), ("cat", "N")]]
LABELLED = [({"a": 1}, "x"), ({"a": 2}, "y")]


def _vectors(**options: Any) -> Any:
    return models.Word2Vec(TEXTS, vector_size=4, min_count=1, **options)


GENSIM: dict[str, Callable[[], Any]] = {
    "word vectors with their training": _vectors,
    "skip-gram": lambda: _vectors(sg=1, hs=1, negative=0),
    "word vectors": lambda: _vectors().wv,
    "subword vectors": lambda: models.FastText(TEXTS, vector_size=4, min_count=1, bucket=10),
    "document vectors": lambda: models.Doc2Vec([TaggedDocument(text, [i]) for i, text in enumerate(TEXTS)], vector_size=4, min_count=1),
    "dictionary": lambda: WORDS,
    "bags of words": lambda: BAGS,
    "term weights": lambda: models.TfidfModel(BAGS),
    "topics": lambda: models.LdaModel(BAGS, id2word=WORDS, num_topics=2),
    "topics by several processes": lambda: models.LdaMulticore(BAGS, id2word=WORDS, num_topics=2, workers=1),
    "latent semantic indexing": lambda: models.LsiModel(BAGS, id2word=WORDS, num_topics=2),
    "hierarchical topics": lambda: models.HdpModel(BAGS, WORDS),
    "matrix factors": lambda: models.Nmf(BAGS, id2word=WORDS, num_topics=2),
    "phrases": lambda: models.Phrases(TEXTS, min_count=1),
    "frozen phrases": lambda: models.Phrases(TEXTS, min_count=1).freeze(),
    "normal form": lambda: models.NormModel(BAGS),
    "log entropy": lambda: models.LogEntropyModel(BAGS),
    "Okapi weights": lambda: models.OkapiBM25Model(dictionary=WORDS),
    "similarity matrix": lambda: similarities.MatrixSimilarity(BAGS, num_features=5),
    "sparse similarity matrix": lambda: similarities.SparseMatrixSimilarity(BAGS, num_features=5),
    "hashed dictionary": lambda: corpora.HashDictionary(TEXTS),
}  # fmt: skip
NLTK: dict[str, Callable[[], Any]] = {
    "naive Bayes": lambda: nltk.NaiveBayesClassifier.train(LABELLED),
    "maximum entropy": lambda: nltk.MaxentClassifier.train(LABELLED, max_iter=2, trace=0),
    "decision tree": lambda: nltk.DecisionTreeClassifier.train(LABELLED),
    "unigram tagger": lambda: nltk.UnigramTagger(TAGGED),
    "bigram tagger with a backoff": lambda: nltk.BigramTagger(TAGGED, backoff=nltk.DefaultTagger("N")),
    "trigram tagger": lambda: nltk.TrigramTagger(TAGGED),
    "affix tagger": lambda: nltk.AffixTagger(TAGGED),
    "perceptron tagger": lambda: nltk.PerceptronTagger(load=False),
    "counts": lambda: nltk.FreqDist("aab"),
    "counts by condition": lambda: nltk.ConditionalFreqDist([("a", "b"), ("a", "c")]),
    "smoothed distribution": lambda: probability.LaplaceProbDist(nltk.FreqDist("aab")),
    "likely distribution": lambda: probability.MLEProbDist(nltk.FreqDist("aab")),
    "Porter stemmer": lambda: stem.PorterStemmer(),
    "Snowball stemmer": lambda: stem.SnowballStemmer("english"),
    "Lancaster stemmer": lambda: stem.LancasterStemmer(),
    "sentence splitter": lambda: tokenize.PunktSentenceTokenizer("Hello there. And you."),
    "treebank tokenizer": lambda: tokenize.TreebankWordTokenizer(),
    "tweet tokenizer": lambda: tokenize.TweetTokenizer(),
    "whitespace tokenizer": lambda: tokenize.WhitespaceTokenizer(),
    "grammar": lambda: nltk.CFG.fromstring("S -> A 'b'\nA -> 'a'"),
    "tree": lambda: nltk.Tree("S", [nltk.Tree("A", ["a"]), "b"]),
    "language model": lambda: _language(lm.MLE(2)),
    "smoothed language model": lambda: _language(lm.Laplace(2)),
    "vocabulary": lambda: lm.Vocabulary(["a", "b", "a"]),
    "text": lambda: nltk.Text(["a", "b", "c"]),
    "collocations": lambda: collocations.BigramCollocationFinder.from_words(["a", "b", "c"]),
}
PILLOW: dict[str, Callable[[], Any]] = {
    **{f"image of mode {mode}": (lambda mode=mode: Image.new(mode, (2, 3))) for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I", "F")},
    "images with their labels": lambda: [(Image.new("RGB", (2, 2)), 1), (Image.new("RGB", (2, 2)), 0)],
}  # fmt: skip


def _language(model: Any) -> Any:
    train, words = lm.preprocessing.padded_everygram_pipeline(2, [["a", "b"], ["b", "c"]])
    model.fit(train, words)
    return model


CASES = {**GENSIM, **NLTK, **PILLOW}
ASKS: dict[str, str] = {
    "Snowball stemmer": "It keeps a method of another object, which is fetched by its name.",
}


def write(value: Any) -> list[bytes]:
    return [pickle.dumps(value), pickle.dumps(value, 2)]


SUITE = Suite(library="gensim, nltk and Pillow", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)
