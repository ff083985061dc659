"""What the registered functions are that spaCy's settings name: those that only build a model, and all others.

From spaCy 3.8, thinc 8.3 and spacy-legacy 3.0, by hand. Left out, since they do more than that: loggers, of which some
make files and folders and others send; `spacy.copy_from_base_model.v1` and `source`, which load another pipeline;
`spacy.KBFromFile.v1` and `srsly.read_…`, which open a file anywhere.
"""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.programs import settings

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention

_SPACY: Final = {
    "architectures": "CharacterEmbed.v2 EntityLinker.v2 HashEmbedCNN.v2 MaxoutWindowEncoder.v2 MishWindowEncoder.v2 "
    "MultiHashEmbed.v2 PretrainCharacters.v1 PretrainVectors.v1 SpanCategorizer.v1 SpanFinder.v1 Tagger.v1 Tagger.v2 "
    "TextCatBOW.v2 TextCatBOW.v3 TextCatCNN.v2 TextCatEnsemble.v2 TextCatLowData.v1 TextCatParametricAttention.v1 "
    "TextCatReduce.v1 Tok2Vec.v2 Tok2VecListener.v1 TorchBiLSTMEncoder.v1 TransitionBasedParser.v2 CharacterEmbed.v1 "
    "EntityLinker.v1 HashEmbedCNN.v1 MaxoutWindowEncoder.v1 MishWindowEncoder.v1 MultiHashEmbed.v1 TextCatBOW.v1 "
    "TextCatCNN.v1 TextCatEnsemble.v1 Tok2Vec.v1 TransitionBasedParser.v1",
    "augmenters": "combined_augmenter.v1 lower_case.v1 orth_variants.v1",
    "batchers": "batch_by_padded.v1 batch_by_sequence.v1 batch_by_words.v1",
    "callbacks": "models_and_pipes_with_nvtx_range.v1 models_with_nvtx_range.v1",
    "layers": "CharEmbed.v1 FeatureExtractor.v1 LinearLogistic.v1 PrecomputableAffine.v1 StaticVectors.v1 "
    "StaticVectors.v2 TransitionModel.v1 extract_ngrams.v1 extract_spans.v1 mean_max_reducer.v1",
    "misc": "CandidateBatchGenerator.v1 CandidateGenerator.v1 EmptyKB.v1 EmptyKB.v2 LookupsDataLoader.v1 "
    "first_longest_spans_filter.v1 levenshtein_compare.v1 ngram_range_suggester.v1 ngram_suggester.v1 "
    "preset_spans_suggester.v1 prioritize_existing_ents_filter.v1 prioritize_new_ents_filter.v1",
    "scorers": "attribute_ruler_scorer.v1 entity_linker_scorer.v1 entity_ruler_scorer.v1 lemmatizer_scorer.v1 "
    "morphologizer_scorer.v1 ner_scorer.v1 overlapping_labeled_spans_scorer.v1 parser_scorer.v1 senter_scorer.v1 "
    "span_finder_scorer.v1 spancat_scorer.v1 tagger_scorer.v1 textcat_multilabel_scorer.v1 "
    "textcat_multilabel_scorer.v2 textcat_scorer.v1 textcat_scorer.v2",
    "tokenizers": "Tokenizer.v1 ja.JapaneseTokenizer ko.KoreanTokenizer th.ThaiTokenizer vi.VietnameseTokenizer",
    "vectors": "Vectors.v1",
}
_THINC: Final = {
    "initializers": "glorot_normal_init.v1 glorot_uniform_init.v1 he_normal_init.v1 he_uniform_init.v1 "
    "lecun_normal_init.v1 lecun_uniform_init.v1 normal_init.v1 uniform_init.v1 zero_init.v1",
    "layers": "CauchySimilarity.v1 ClippedLinear.v1 Dish.v1 Dropout.v1 Embed.v1 Gelu.v1 HardSigmoid.v1 HardSwish.v1 "
    "HardSwishMobilenet.v1 HardTanh.v1 HashEmbed.v1 LSTM.v1 LayerNorm.v1 Linear.v1 Logistic.v1 Maxout.v1 Mish.v1 "
    "MultiSoftmax.v1 ParametricAttention.v1 ParametricAttention.v2 PyTorchLSTM.v1 Relu.v1 ReluK.v1 Sigmoid.v1 "
    "Softmax.v1 Softmax.v2 SparseLinear.v1 SparseLinear.v2 Swish.v1 add.v1 bidirectional.v1 chain.v1 clone.v1 "
    "concatenate.v1 expand_window.v1 list2array.v1 list2padded.v1 list2ragged.v1 noop.v1 padded2list.v1 "
    "ragged2list.v1 reduce_first.v1 reduce_last.v1 reduce_max.v1 reduce_mean.v1 reduce_sum.v1 remap_ids.v1 "
    "remap_ids.v2 residual.v1 resizable.v1 siamese.v1 sigmoid_activation.v1 softmax_activation.v1 strings2arrays.v1 "
    "tuplify.v1 uniqued.v1 with_array.v1 with_array2d.v1 with_cpu.v1 with_flatten.v1 with_flatten.v2 with_getitem.v1 "
    "with_list.v1 with_padded.v1 with_ragged.v1 with_reshape.v1",
    "losses": "CategoricalCrossentropy.v1 CategoricalCrossentropy.v2 CategoricalCrossentropy.v3 CosineDistance.v1 "
    "L2Distance.v1 SequenceCategoricalCrossentropy.v1 SequenceCategoricalCrossentropy.v2 "
    "SequenceCategoricalCrossentropy.v3",
    "optimizers": "Adam.v1 RAdam.v1 SGD.v1",
    "schedules": "compounding.v1 constant.v1 constant_then.v1 cyclic_triangular.v1 decaying.v1 "
    "slanted_triangular.v1 warmup_linear.v1",
}
_FACTORIES: Final = (
    "attribute_ruler beam_ner beam_parser doc_cleaner entity_linker entity_ruler future_entity_ruler lemmatizer "
    "merge_entities merge_noun_chunks merge_subtokens morphologizer ner parser senter sentencizer span_cleaner "
    "span_finder span_ruler spancat spancat_singlelabel tagger textcat textcat_multilabel token_splitter tok2vec "
    "trainable_lemmatizer ja.morphologizer"
)
# Of `spacy train`: where the texts are that it is to learn from, and what it says meanwhile.
_TRAINING: Final = frozenset(
    [f"readers:spacy.{one}.v1" for one in ("Corpus", "JsonlCorpus", "PlainTextCorpus", "read_labels")]
)
_LOGGERS: Final = frozenset(f"loggers:spacy.ConsoleLogger.v{n}" for n in (1, 2, 3))
_STARTS: Final = ("spacy", "spacy-legacy")
_FREE: Final = frozenset(
    [f"{kind}:{start}.{name}" for kind, names in _SPACY.items() for name in names.split() for start in _STARTS]
    + [f"{kind}:{name}" for kind, names in _THINC.items() for name in names.split()]
    + [f"factory:{name}" for name in _FACTORIES.split()]
)


def only_builds(mention: Mention) -> bool:
    """Does what the mention names do no more than make a part of a pipeline?"""
    if mention.text in _FREE:
        return True
    later = mention.kind == settings.TRAINING
    return later and (mention.text in _TRAINING or (mention.text in _LOGGERS and mention.where == "training.logger"))
