"""The lists of torch's operators that scanners go by, from the torch that is installed.

An operator is listed as harmless when it only computes on tensors and plain values. What reaches files, other
processes or raw memory is in `EFFECTS`; what starts with an underscore is torch's own affair unless it is in `INNER`.
"""

from __future__ import annotations

EFFECTS = frozenset({"save", "from_file", "set_data", "set_", "set", "wait", "sparse_resize_", "sparse_resize"})
INNER = [
    "_adaptive_avg_pool2d",
    "_adaptive_avg_pool3d",
    "_assert_async",
    "_assert_scalar",
    "_assert_tensor_metadata",
    "_batch_norm_no_update",
    "_batch_norm_with_update",
    "_cast_Byte",
    "_cast_Char",
    "_cast_Double",
    "_cast_Float",
    "_cast_Half",
    "_cast_Int",
    "_cast_Long",
    "_cast_Short",
    "_convolution",
    "_convolution_mode",
    "_dim_arange",
    "_embedding_bag",
    "_embedding_bag_forward_only",
    "_fft_c2c",
    "_fft_c2r",
    "_fft_r2c",
    "_grow_by",
    "_infer_size",
    "_linalg_det",
    "_linalg_svd",
    "_list_to_tensor",
    "_local_scalar_dense",
    "_log_softmax",
    "_native_batch_norm_legit",
    "_native_batch_norm_legit_functional",
    "_native_batch_norm_legit_no_training",
    "_native_multi_head_attention",
    "_nested_tensor_from_mask",
    "_nested_tensor_from_mask_left_aligned",
    "_pack_padded_sequence",
    "_pad_enum",
    "_pad_packed_sequence",
    "_pdist_forward",
    "_cdist_forward",
    "_reshape_alias",
    "_reshape_from_tensor",
    "_safe_softmax",
    "_scaled_dot_product_attention_math",
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_efficient_attention",
    "_set_item",
    "_shape_as_tensor",
    "_softmax",
    "_sparse_softmax",
    "_stack",
    "_tensor_to_list",
    "_thnn_fused_gru_cell",
    "_thnn_fused_lstm_cell",
    "_to_copy",
    "_transformer_encoder_layer_fwd",
    "_trilinear",
    "_unique",
    "_unique2",
    "_unsafe_index",
    "_unsafe_view",
    "_unwrap_optional",
    "_upsample_bicubic2d_aa",
    "_upsample_bilinear2d_aa",
    "_upsample_nearest_exact1d",
    "_upsample_nearest_exact2d",
    "_upsample_nearest_exact3d",
    "_weight_norm",
    "_weight_norm_interface",
]
PRIM = [
    "EnumName",
    "EnumValue",
    "ModuleContainerIndex",
    "NumToTensor",
    "Print",
    "RaiseException",
    "StringIndex",
    "TupleIndex",
    "TupleUnpack",
    "Uninitialized",
    "abs",
    "data",
    "device",
    "dtype",
    "grad",
    "id",
    "index",
    "is_cpu",
    "is_cuda",
    "is_meta",
    "is_mkldnn",
    "is_mps",
    "is_nested",
    "is_quantized",
    "is_sparse",
    "is_sparse_csr",
    "is_xpu",
    "itemsize",
    "layout",
    "max",
    "min",
    "name",
    "nbytes",
    "rangelist",
    "requires_grad",
    "tolist",
    "type",
    "unchecked_cast",
    "unchecked_unwrap_optional",
]
VISION = ["nms", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d"]


def operators() -> dict[str, str]:
    import torch

    names = {tuple(schema.name.split("::")) for schema in torch._C._jit_get_all_schemas()}
    aten = {name for space, name in names if space == "aten"}
    fine = {name for name in aten if _plain(name) and name not in EFFECTS} | (aten & set(INNER))
    listed = {f"aten.{name}" for name in fine}
    listed |= {f"quantized.{name}" for space, name in names if space == "quantized"}
    listed |= {f"prim.{name}" for name in PRIM} | {f"torchvision.{name}" for name in VISION}
    rest = sorted({name for space, name in names if space in ("aten", "prim")} - fine - set(PRIM))
    release = torch.__version__.partition("+")[0]
    return {
        "torch.txt": _text(sorted(listed), f"torch {release}: operators that only compute"),
        "torch_others.txt": _text(rest, f"torch {release}: its other operators, by bare name"),
    }


def _plain(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def _text(words: list[str], title: str) -> str:
    lines = [f"# {title}. Written by tools/derive."]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > 118 or lines[-1].startswith("#"):
            lines.append(word)
        else:
            lines[-1] += " " + word
    return "\n".join(lines) + "\n"
