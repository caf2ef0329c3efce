"""A ZR-0 small enough for a laptop: architecture, tokenizer scheme and prompt as published, a few million numbers."""

import json
from collections.abc import Iterable

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import GenerationConfig, PreTrainedTokenizerBase, Qwen2Tokenizer, Qwen3VLConfig
from transformers import Qwen3VLForConditionalGeneration as Vlm
from zr0_core.embodiment import Embodiment

from zr0_policy.model import diffusion_transformer, qwen3_vl
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.config import ActionExpertConfig, TransformerConfig
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.tokens import ADDED_TOKENS, IMAGE_TOKEN, PAD_TOKEN, Tokens

QWEN_SPECIAL_TOKENS = (
    PAD_TOKEN,
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    IMAGE_TOKEN,
    "<|video_pad|>",
)

_WORD_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen cuts text into words before merging bytes."""

_CHAT_TEMPLATE = (
    "{%- for message in messages -%}{{ '<|im_start|>' + message.role + '\n' }}"
    "{%- if message.content is string -%}{{ message.content }}{%- else -%}{%- for part in message.content -%}"
    "{%- if part.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>{%- else -%}{{ part.text }}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}{{ '<|im_end|>\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}"
)


def tiny_tokenizer(texts: Iterable[str], vocabulary_size: int = 600) -> PreTrainedTokenizerBase:
    """Train a byte-level tokenizer by Qwen's scheme on a few texts and add the special tokens of Qwen and ZR-0.

    Args:
        texts: What to learn merges from.
        vocabulary_size: Bytes and merges at most, without special tokens.
    """
    bare = Tokenizer(models.BPE())
    bare.normalizer = normalizers.NFC()
    bare.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORD_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bare.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    bare.train_from_iterator(["user", "assistant", "system", *texts], trainer)
    learned = json.loads(bare.to_str())["model"]
    tokenizer = Qwen2Tokenizer(
        vocab=learned["vocab"], merges=[tuple(pair) for pair in learned["merges"]], pad_token=PAD_TOKEN
    )
    tokenizer.add_tokens(list(QWEN_SPECIAL_TOKENS), special_tokens=True)
    tokenizer.add_tokens(list(ADDED_TOKENS), special_tokens=True)
    tokenizer.chat_template = _CHAT_TEMPLATE
    return tokenizer


def tiny_expert_config(embodiment: Embodiment, feature_width: int) -> ActionExpertConfig:
    """Return the configuration of a small action expert: five blocks of width 128, the published padding of 64."""
    transformer = TransformerConfig(
        num_attention_heads=4, attention_head_dim=32, output_dim=128, num_layers=5, dropout=0.0
    )
    return ActionExpertConfig(
        vlm_output_embedding_dim=feature_width,
        action_or_state_token_embedding_dim=transformer.width,
        mlp_hidden_size=128,
        action_horizon=embodiment.action.horizon,
        max_seq_len=64,
        diffusion_transformer_cfg=transformer,
    )


def tiny_vlm_config(tokens: Tokens) -> Qwen3VLConfig:
    """Return the configuration of a small Qwen3-VL: four layers of width 96, a vision tower of width 64."""
    ids = tokens.tokenizer.get_vocab()
    return Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokens.tokenizer),
            "hidden_size": 96,
            "intermediate_size": 192,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 24,
            "max_position_embeddings": 2048,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 5e6,
                "mrope_section": [4, 4, 4],
                "mrope_interleaved": True,
            },
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": tokens.pad_id,
        },
        vision_config={
            "depth": 4,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 4,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "out_hidden_size": 96,
            "num_position_embeddings": 256,
            "deepstack_visual_indexes": [0, 1],
        },
        image_token_id=tokens.image_id,
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def tiny_model(tokens: Tokens, embodiment: Embodiment, seed: int) -> Zr0Model:
    """Build a small ZR-0 with random weights of unit scale, in float32.

    Args:
        tokens: Its tokenizer.
        embodiment: The robot; gives the horizon.
        seed: Seed of the weights.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vlm = Vlm(tiny_vlm_config(tokens))
        expert = ActionExpert(tiny_expert_config(embodiment, qwen3_vl.feature_width(vlm)))
    vlm.generation_config = GenerationConfig(
        eos_token_id=vlm.config.text_config.eos_token_id, pad_token_id=tokens.pad_id, do_sample=False
    )
    qwen3_vl.unit_scale_(vlm, generator)
    diffusion_transformer.unit_scale_(expert, generator)
    return Zr0Model(vlm, expert).eval()
