"""Do the parts of a checkpoint belong together?"""

from collections.abc import Iterator

from transformers import Qwen3VLConfig
from zr0_core.errors import NormalisationError
from zr0_core.feature_statistics import FeatureStatistics
from zr0_core.normalisation import Normaliser

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import ServingFacts, patch_layout
from zr0_policy.errors import CheckpointError
from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.preprocessing.tokens import Tokens


def require_parts_fit(
    source: str, facts: ServingFacts, tokens: Tokens, vlm: Qwen3VLConfig, expert: ActionExpertConfig
) -> None:
    """Check that tokenizer, both models, embodiment, statistics and options are of one checkpoint.

    Raises:
        CheckpointError: They are not; the message names every conflict with both values.
    """
    conflicts = [*model_conflicts(tokens, vlm, expert), *fact_conflicts(facts, vlm, expert)]
    if conflicts:
        raise CheckpointError(f"{source}: " + "; ".join(conflicts))


def model_conflicts(tokens: Tokens, vlm: Qwen3VLConfig, expert: ActionExpertConfig) -> Iterator[str]:
    """Name what keeps tokenizer, vision-language model and action expert from working together."""
    text = vlm.text_config
    if vlm.image_token_id != tokens.image_id:
        yield (
            f"image_token_id in {layout.CONFIG} is {vlm.image_token_id}, the tokenizer's is {tokens.image_id}; "
            "tokenizer and weights are of different checkpoints"
        )
    if len(tokens.tokenizer) > text.vocab_size:
        yield f"the tokenizer has {len(tokens.tokenizer)} tokens, the model only {text.vocab_size} embeddings"
    if expert.vlm_output_embedding_dim != text.hidden_size:
        yield (
            f"vlm_output_embedding_dim: the action expert expects prompt features of width "
            f"{expert.vlm_output_embedding_dim}, the vision-language model gives {text.hidden_size}"
        )


def fact_conflicts(facts: ServingFacts, vlm: Qwen3VLConfig, expert: ActionExpertConfig) -> Iterator[str]:
    """Name what keeps embodiment, statistics and options from serving these models."""
    embodiment, options = facts.embodiment, facts.options
    if expert.action_horizon != embodiment.action.horizon:
        yield (
            f"action_horizon in {layout.EXPERT_CONFIG} is {expert.action_horizon}, action.horizon of embodiment "
            f"{embodiment.name} is {embodiment.action.horizon}"
        )
    for vector, padded_size in ((embodiment.state, expert.state_dim), (embodiment.action, expert.action_dim)):
        statistics = facts.statistics.get(vector.key)
        if statistics is None:
            yield f"the statistics lack {vector.key!r}; they have: {', '.join(facts.statistics) or 'nothing'}"
        elif statistics.names != vector.names:
            yield f"the statistics of {vector.key!r} {_name_conflict(statistics.names, vector.names)}"
        else:
            yield from _scaling_conflicts(facts, vector.key, statistics, padded_size)
    known = {*embodiment.state.names, *embodiment.action.names}
    unknown = [name for name in options.pinned if name not in known]
    if unknown:
        yield f"pinned: {', '.join(unknown)} is neither in the state nor in the action of {embodiment.name}"
    try:
        patch_layout(options, vlm)
    except ValueError as error:
        yield f"the image size does not fit the vision tower: {error}"


def _name_conflict(got: tuple[str, ...], expected: tuple[str, ...]) -> str:
    if len(got) != len(expected):
        return f"are for {len(got)} components ({', '.join(got)}), expected {len(expected)} ({', '.join(expected)})"
    if sorted(got) == sorted(expected):
        return f"are in the order {', '.join(got)}, expected {', '.join(expected)}"
    return f"are for {', '.join(got)}, expected {', '.join(expected)}"


def _scaling_conflicts(facts: ServingFacts, key: str, statistics: FeatureStatistics, padded_size: int) -> Iterator[str]:
    pinned = [name for name in facts.options.pinned if name in statistics.names]
    try:
        Normaliser.from_statistics(statistics, facts.options.normalisation, pinned=pinned, padded_size=padded_size)
    except NormalisationError as error:
        yield f"the statistics of {key!r} cannot be used with normalisation {facts.options.normalisation}: {error}"
