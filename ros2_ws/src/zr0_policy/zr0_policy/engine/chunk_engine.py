"""The whole model for sampling: one plan per prompt, then pictures and states in, chunks out.

Nothing in `run` asks the device for a value, so the host only queues work; `plan` does ask, once per prompt.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from zr0_policy.engine.chunk_inputs import ChunkInputs, PromptPlan
from zr0_policy.engine.expert_engine import ExpertEngine
from zr0_policy.engine.language_engine import LanguageEngine
from zr0_policy.engine.vision_engine import VisionEngine
from zr0_policy.model.guidance import Guidance
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.qwen3_vl import FeatureNorm, VisionGeometry, embed, text_rotation, vision_geometry
from zr0_policy.model.zr0 import Zr0Model


class ChunkEngine:
    """Samples chunks from the weights of a model, which stays usable and shares its memory.

    Args:
        model: The model, on its device, in evaluation mode.
        num_steps: Euler steps.
        length_multiple: Prompts are padded on the right to a multiple of this many tokens, so that few lengths occur;
            1 for none.

    Raises:
        ValueError: The model uses something that the engine does not implement.
    """

    def __init__(self, model: Zr0Model, *, num_steps: int, length_multiple: int = 1) -> None:
        if length_multiple < 1:
            raise ValueError(f"length_multiple is {length_multiple}, expected at least 1")
        self._model = model
        self._num_steps = num_steps
        self._length_multiple = length_multiple
        self._vision = VisionEngine(model.vlm.model.visual)
        self._language = LanguageEngine(model.vlm.model.language_model)
        self._expert = ExpertEngine(model.expert, model.flow.step_buckets(num_steps))
        self._geometries: dict[tuple[int, ...], VisionGeometry] = {}
        self._run: Callable[..., Tensor] = self._compute

    @torch.no_grad()
    def plan(self, inputs: ModelInputs) -> PromptPlan:
        """Compute what a batch of prompts determines; images and states are not looked at.

        Args:
            inputs: The prompts, on the host.

        Raises:
            ValueError: The images are of several sizes, or there is none.
        """
        vlm = self._model.vlm
        geometry = self._geometry(inputs.image_grid_thw)
        padded = inputs.padded(-inputs.input_ids.shape[1] % self._length_multiple)
        rotations = self._language.tables(*text_rotation(vlm, padded))
        is_image = padded.input_ids == vlm.config.image_token_id
        is_all_visible = bool(padded.prompt_mask.all())
        return PromptPlan(
            embeddings=embed(vlm, padded.input_ids.to(vlm.device)),
            rotations=rotations,
            image_rows=is_image.flatten().nonzero()[:, 0].to(vlm.device),
            geometry=geometry,
            mask=None if is_all_visible else padded.prompt_mask.to(vlm.device),
        )

    def features(self, plan: PromptPlan, pixel_values: Tensor) -> Tensor:
        """Return the prompt features (B, L, C)."""
        images = self._vision(pixel_values, plan.geometry)
        embeddings = plan.embeddings.flatten(0, 1).index_copy(0, plan.image_rows, images.tokens)
        features = self._language(embeddings.view(plan.embeddings.shape), plan.rotations, plan.image_rows, images.deep)
        return features if self._model.feature_norm is FeatureNorm.PRE else self._language.normalise(features)

    def use_float8(self, *, language: bool) -> None:
        """Round weights to eight bits: the expert's, and the language model's on request.

        Args:
            language: Whether to round the language model's weights too.

        Raises:
            ValueError: A matrix has sizes that are no multiples of 16.
        """
        self._expert.use_float8()
        if language:
            self._language.use_float8()

    def compile(self, backend: str = "inductor") -> None:
        """Let torch.compile fuse the operations of `run`, as one graph; the next chunk of every shape takes minutes.

        Args:
            backend: Who compiles.
        """
        self._run = torch.compile(self._compute, fullgraph=True, dynamic=False, backend=backend)

    def run(self, plan: PromptPlan, inputs: ChunkInputs, guidance: Guidance | None = None) -> Tensor:
        """Return normalised, padded actions (B K, H, A), float32.

        Args:
            plan: The prompts.
            inputs: Images, states and noise, on the model's device.
            guidance: Steers to committed actions; the caller then uses `torch.no_grad` instead of inference mode.
                Guided chunks are not compiled.
        """
        return self._run(plan, inputs) if guidance is None else self._compute(plan, inputs, guidance)

    def _compute(self, plan: PromptPlan, inputs: ChunkInputs, guidance: Guidance | None = None) -> Tensor:
        features = self.features(plan, inputs.pixel_values)
        num_samples = len(inputs.noise) // len(inputs.state)
        context = self._expert.context(features, plan.mask, inputs.state, num_samples)
        predict = self._expert.velocity(context)
        return self._model.flow.sample(predict, inputs.noise, inputs.action_mask, self._num_steps, guidance)

    def _geometry(self, image_grid_thw: Tensor) -> VisionGeometry:
        key = tuple(image_grid_thw.flatten().tolist())
        if key not in self._geometries:
            self._geometries[key] = vision_geometry(self._model.vlm, image_grid_thw)
        return self._geometries[key]
