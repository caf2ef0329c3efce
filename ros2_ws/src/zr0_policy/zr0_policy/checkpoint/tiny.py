"""A ZR-0 small enough for a laptop: architecture, tokenizer scheme and prompt as published, a few million numbers."""

import json
from collections.abc import Iterable

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import GenerationConfig, PreTrainedTokenizerBase, Qwen2Tokenizer
from transformers import Qwen3VLForConditionalGeneration as Vlm
from zr0_core.embodiment import Embodiment

from zr0_policy.model import diffusion_transformer, qwen3_vl
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.sizes import TINY, ModelSize, SpecialIds, expert_config, vlm_config
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


def special_ids(tokens: Tokens) -> SpecialIds:
    """Look up the token ids that a configuration of Qwen3-VL names."""
    ids = tokens.tokenizer.get_vocab()
    return SpecialIds(
        vocabulary=len(tokens.tokenizer),
        image=tokens.image_id,
        video=ids["<|video_pad|>"],
        vision_start=ids["<|vision_start|>"],
        vision_end=ids["<|vision_end|>"],
        end=ids["<|im_end|>"],
        padding=tokens.pad_id,
    )


def random_model(size: ModelSize, ids: SpecialIds, horizon: int, seed: int) -> Zr0Model:
    """Build a ZR-0 of any size with random weights of unit scale, in float32.

    Args:
        size: Its size.
        ids: Token ids of its vocabulary.
        horizon: Rows of a chunk.
        seed: Seed of the weights.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vlm = Vlm(vlm_config(size, ids))
        expert = ActionExpert(expert_config(size, horizon))
    vlm.generation_config = GenerationConfig(eos_token_id=ids.end, pad_token_id=ids.padding, do_sample=False)
    qwen3_vl.unit_scale_(vlm, generator)
    diffusion_transformer.unit_scale_(expert, generator)
    return Zr0Model(vlm, expert).eval()


def tiny_model(tokens: Tokens, embodiment: Embodiment, seed: int) -> Zr0Model:
    """Build a small ZR-0 for a robot, with random weights.

    Args:
        tokens: Its tokenizer.
        embodiment: The robot; gives the horizon.
        seed: Seed of the weights.
    """
    return random_model(TINY, special_ids(tokens), embodiment.action.horizon, seed)
