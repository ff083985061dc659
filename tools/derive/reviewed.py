# ruff: noqa: E501 -- lists are read more easily without line ends
"""What a person read of the libraries, and found to have no effect that a state could choose.

By the package in which the class is defined: `Class.method`. What reads, compares or computes, writes only into its own
object, or calls only what the person who uses the model hands it, is here; with the reason where it is not plain.
"""

from __future__ import annotations

REVIEWED: dict[str, frozenset[str]] = {
    package: frozenset(methods.split())
    for package, methods in {
        # Each writes into the instance's own dictionary, checks types, or computes with tensors. `__call__` runs hooks
        # from the state: when the model is used.
        "torch": """
        Module.__setstate__ Module.__getattr__ Module.__setattr__ Module.__call__ MultiheadAttention.__setstate__
        Softmin.__setstate__ Softmax.__setstate__ LogSoftmax.__setstate__ _ConvNd.__setstate__ AvgPool3d.__setstate__
        RNNBase.__setstate__ RNNBase.__setattr__ TransformerEncoderLayer.__setstate__
        TransformerDecoderLayer.__setstate__ Upsample.__setstate__ Sequential.__setitem__ Sequential.__iadd__
        Sequential.append Sequential.extend ModuleList.__setitem__ ModuleList.__iadd__ ModuleList.append
        ModuleList.extend ModuleDict.__setitem__ ParameterList.__setitem__ ParameterList.__iadd__ ParameterList.append
        ParameterList.extend ParameterList.__call__ ParameterDict.__setitem__ ParameterDict.__call__
        """,
        "sklearn": "BaseEstimator.__setstate__",
        # The methods that look up a kernel or an implementation do so with what the caller names. `fetch_*` open what a
        # caller hands over. Tokenizers answer for the names of their special tokens with text.
        "transformers": """
        PreTrainedModel.set_attn_implementation PreTrainedModel.get_experts_implementation
        PreTrainedModel.set_experts_implementation EmbeddingAccessMixin.get_input_embeddings
        EmbeddingAccessMixin.set_input_embeddings GenerationMixin._prepare_multimodal_encoder_kwargs_for_generation
        WhisperGenerationMixin.generate ImageProcessingMixin.fetch_images ProcessorMixin._merge_kwargs
        VideoProcessorMixin.fetch_videos PreTrainedTokenizerBase.__getattr__ PreTrainedTokenizerBase.__setattr__
        GenerationConfig.__eq__ GenerationConfig.__hash__ PreTrainedConfig.__getattribute__ PreTrainedConfig.__setattr__
        PreTrainedConfig.__eq__ HeterogeneousConfigMixin.__getattribute__ PreTrainedModel._load_pretrained_model
        ProcessorMixin.apply_chat_template PreTrainedTokenizerBase.apply_chat_template PreTrainedModel.__init__ PreTrainedConfig.__post_init__ PreTrainedConfig.validate_token_ids
        PeftAdapterMixin.load_adapter PeftAdapterMixin._dispatch_accelerate_model DistributedMixin._resolve_parallel_plans
        GenerationMixin._validate_generation_mode GenerationMixin.generate GenerationMixin._prefill
        PreTrainedConfig.get_text_config TokenizersBackend.__init__ WhisperGenerationMixin._need_fallback
        """,
        # Looks up old names of settings in its own dictionary.
        "diffusers": "ModelMixin.__getattr__ ConfigMixin.__getattr__ PushToHubMixin._upload_folder PeftAdapterMixin.load_lora_adapter FrozenDict.__setattr__ FrozenDict.__setitem__",
        # Wraps its own two methods again; compares by making a metric of two.
        "torchmetrics": """
        Metric.__setstate__ Metric.__eq__ Metric.__hash__ Metric.__setattr__ Metric._apply MetricCollection.__getattr__ MetricCollection._equal_metric_states
        MetricCollection._compute_groups_create_state_ref
        """,
        # What it moves back to disk is what accelerate's hooks, which are on no list, had there.
        "peft": """
        BaseTuner._unload_and_optionally_merge BaseTuner.inject_adapter BaseTuner._inject_parameters BaseTuner.merge_adapter
        BaseTuner.unmerge_adapter AuxiliaryTrainingWrapper.__getattr__ BufferDict.__setitem__
        PeftModel.add_adapter ModulesToSaveWrapper.__getattr__
        """,
        # Asks torch for the module of a device that a tensor lies on. The constructors evaluate a description: they are
        # for no pickle to call, and for nothing that it makes (`safeload/parsers/pickles/kept.py`).
        "ultralytics": """
        BaseModel._profile_one_layer ClassificationModel._from_yaml ClassificationModel.__init__ DetectionModel.__init__
        SemanticSegmentationModel.__init__ PoseModel.__init__
        """,
        "lightning": "LightningModule.log",
        "pytorch_lightning": "LightningModule.log",
        # The text of a booster is read by the library's own parser, which is native code, as a model file is.
        "lightgbm": "Booster.__setstate__ Booster.__del__ Booster.model_to_string Booster.__init__",
        "xgboost": "Booster.__setstate__ Booster.__del__",
        # Items of their own: counts, and children of a tree.
        "nltk": """
        FreqDist.__setitem__ ProbabilisticProduction.__eq__ ProbabilisticProduction.__hash__ ProbabilisticTree.__eq__
        Tree.pformat_latex_qtree Tree.pformat_latex_forest SnowballStemmer.__init__ Tree.__setitem__ Tree.append Tree.extend Tree.__eq__ Tree.__hash__
        """,
        # Read what lies beside the file that a caller loads; the guard stops what was not scanned. Threads run its own
        # methods. Items are vectors.
        "gensim": """
        FastText.load_binary_data SaveLoad._load_specials SaveLoad._smart_save KeyedVectors.__setitem__ Word2Vec._train_epoch_corpusfile Word2Vec._train_epoch Phrases.__init__
        Doc2Vec._get_offsets_and_start_doctags_for_corpusfile
        """,
    }.items()
}

# Decorators of classes that mark, register or document, and give the class back.
DECORATORS = frozenset(
    """
    dataclass dataclass_transform strict total_ordering deprecated auto_docstring add_start_docstrings
    add_end_docstrings requires compatibility register_notrace_module maybe_allow_in_graph register_embeddings
    use_kernel_forward_from_hub use_kernelized_func use_experts_implementation xgboost_model_doc register_tag
    """.split()  # noqa: SIM905
)
# Metaclasses that act when a class is made or called by name, which the way over NEWOBJ does not.
METACLASSES = frozenset({"ABCMeta", "PrePostInitMeta", "abc.ABCMeta"})
# Bases without Python source, or of the standard library, that have no effect of their own.
BASES = frozenset(
    """
    builtins.object builtins.dict builtins.list builtins.str builtins.int builtins.float builtins.tuple builtins.Exception
    abc.ABC typing.Generic typing.Protocol typing.NamedTuple collections.OrderedDict collections.UserDict collections.UserList
    collections.Counter collections.abc.Mapping collections.abc.MutableMapping collections.abc.Sequence
    collections.abc.MutableSequence collections.abc.Iterator collections.abc.Iterable collections.abc.Sized
    enum.Enum enum.IntEnum enum.StrEnum enum.Flag enum.IntFlag
    """.split()  # noqa: SIM905
)
