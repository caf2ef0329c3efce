"""The architecture at several sizes: the published one, and smaller ones for laptops, tests and benchmarks."""

from dataclasses import dataclass

from transformers import Qwen3VLConfig

from zr0_policy.model.config import ActionExpertConfig, TransformerConfig


@dataclass(frozen=True, kw_only=True)
class VisionSize:
    """Qwen3-VL's vision tower."""

    width: int
    """Width of a patch's vector."""
    hidden: int
    """Width of the feed-forward layers."""
    num_layers: int
    """Blocks."""
    num_heads: int
    """Attention heads."""
    num_positions: int
    """Learned positions, a square number."""
    deep_layers: tuple[int, ...]
    """Blocks whose output is also added to the first language layers."""


@dataclass(frozen=True, kw_only=True)
class LanguageSize:
    """Qwen3-VL's language model."""

    width: int
    """Width of a token's vector."""
    hidden: int
    """Width of the feed-forward layers."""
    num_layers: int
    """Layers."""
    num_heads: int
    """Heads of queries."""
    num_key_heads: int
    """Heads of keys and values."""
    head_width: int
    """Width of a head."""
    rotation_sections: tuple[int, int, int]
    """Rotated pairs that turn with time, row and column; half a head's width together."""


@dataclass(frozen=True, kw_only=True)
class ModelSize:
    """A whole ZR-0."""

    vision: VisionSize
    """The vision tower."""
    language: LanguageSize
    """The language model."""
    transformer: TransformerConfig
    """The action expert's transformer."""
    encoder_hidden: int
    """Hidden width of its state encoder and action decoder."""
    num_action_positions: int = 256
    """Its learned action positions."""


@dataclass(frozen=True, kw_only=True)
class SpecialIds:
    """The token ids that Qwen3-VL's configuration names."""

    vocabulary: int
    """Rows of the embedding."""
    image: int
    """`<|image_pad|>`."""
    video: int
    """`<|video_pad|>`."""
    vision_start: int
    """`<|vision_start|>`."""
    vision_end: int
    """`<|vision_end|>`."""
    end: int
    """`<|im_end|>`."""
    padding: int
    """`<|endoftext|>`."""


PUBLISHED = ModelSize(
    vision=VisionSize(
        width=1024, hidden=4096, num_layers=24, num_heads=16, num_positions=2304, deep_layers=(5, 11, 17)
    ),
    language=LanguageSize(
        width=2048,
        hidden=6144,
        num_layers=28,
        num_heads=16,
        num_key_heads=8,
        head_width=128,
        rotation_sections=(24, 20, 20),
    ),
    transformer=TransformerConfig(),
    encoder_hidden=512,
)
"""2,131,730,432 and 558,784,576 parameters. Source: the published configuration files."""

PUBLISHED_IDS = SpecialIds(
    vocabulary=151_936 + 2050,
    image=151_655,
    video=151_656,
    vision_start=151_652,
    vision_end=151_653,
    end=151_645,
    padding=151_643,
)
"""Qwen3's tokenizer with the tokens of ZR-0. For sizes only: ids are looked up by text when a tokenizer is there."""

MIDDLE = ModelSize(
    vision=VisionSize(width=256, hidden=1024, num_layers=24, num_heads=4, num_positions=2304, deep_layers=(5, 11, 17)),
    language=LanguageSize(
        width=512,
        hidden=1536,
        num_layers=28,
        num_heads=4,
        num_key_heads=2,
        head_width=128,
        rotation_sections=(24, 20, 20),
    ),
    transformer=TransformerConfig(num_attention_heads=8, output_dim=256),
    encoder_hidden=128,
)
"""A quarter of the width at full depth: large enough for a CPU to be busy with arithmetic."""

NARROW = ModelSize(
    vision=VisionSize(width=64, hidden=256, num_layers=24, num_heads=4, num_positions=2304, deep_layers=(5, 11, 17)),
    language=LanguageSize(
        width=128,
        hidden=384,
        num_layers=28,
        num_heads=4,
        num_key_heads=2,
        head_width=32,
        rotation_sections=(6, 5, 5),
    ),
    transformer=TransformerConfig(num_attention_heads=2, output_dim=64),
    encoder_hidden=32,
)
"""Full depth at a sixteenth of the width: as many operations as the published model, in milliseconds."""

TINY = ModelSize(
    vision=VisionSize(width=64, hidden=128, num_layers=4, num_heads=4, num_positions=256, deep_layers=(0, 1)),
    language=LanguageSize(
        width=96, hidden=192, num_layers=4, num_heads=4, num_key_heads=2, head_width=24, rotation_sections=(4, 4, 4)
    ),
    transformer=TransformerConfig(
        num_attention_heads=3, attention_head_dim=32, output_dim=96, num_layers=5, dropout=0.0
    ),
    encoder_hidden=96,
    num_action_positions=64,
)
"""Small enough to be shipped and to run on a laptop."""


def vlm_config(size: ModelSize, ids: SpecialIds) -> Qwen3VLConfig:
    """Return the configuration of a vision-language model."""
    vision, language = size.vision, size.language
    return Qwen3VLConfig(
        text_config={
            "vocab_size": ids.vocabulary,
            "hidden_size": language.width,
            "intermediate_size": language.hidden,
            "num_hidden_layers": language.num_layers,
            "num_attention_heads": language.num_heads,
            "num_key_value_heads": language.num_key_heads,
            "head_dim": language.head_width,
            "max_position_embeddings": 2048,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 5e6,
                "mrope_section": list(language.rotation_sections),
                "mrope_interleaved": True,
            },
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": ids.end,
            "pad_token_id": ids.padding,
        },
        vision_config={
            "depth": vision.num_layers,
            "hidden_size": vision.width,
            "intermediate_size": vision.hidden,
            "num_heads": vision.num_heads,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "out_hidden_size": language.width,
            "num_position_embeddings": vision.num_positions,
            "deepstack_visual_indexes": list(vision.deep_layers),
        },
        image_token_id=ids.image,
        video_token_id=ids.video,
        vision_start_token_id=ids.vision_start,
        vision_end_token_id=ids.vision_end,
        tie_word_embeddings=True,
    )


def expert_config(size: ModelSize, horizon: int) -> ActionExpertConfig:
    """Return the configuration of an action expert with the published padding of 64 state and action components."""
    return ActionExpertConfig(
        vlm_output_embedding_dim=size.language.width,
        action_or_state_token_embedding_dim=size.transformer.width,
        mlp_hidden_size=size.encoder_hidden,
        action_horizon=horizon,
        max_seq_len=size.num_action_positions,
        diffusion_transformer_cfg=size.transformer,
    )
