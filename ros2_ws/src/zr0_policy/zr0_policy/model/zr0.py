"""ZR-0: prompt features from the vision-language model, actions from the action expert."""

import torch
from torch import Tensor, nn
from transformers import Qwen3VLForConditionalGeneration

from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.flow_matching import FlowMatching, StepVelocity, Velocity
from zr0_policy.model.guidance import Guidance
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.qwen3_vl import FeatureNorm, feature_width, prompt_features


class Zr0Model(nn.Module):
    """The whole model.

    Raises:
        ValueError: The action expert was made for prompt features of another width.
    """

    def __init__(
        self, vlm: Qwen3VLForConditionalGeneration, expert: ActionExpert, feature_norm: FeatureNorm = FeatureNorm.PRE
    ) -> None:
        super().__init__()
        expected = expert.config.vlm_output_embedding_dim
        if feature_width(vlm) != expected:
            raise ValueError(
                f"vlm_output_embedding_dim: the action expert expects prompt features of width {expected}, "
                f"the vision-language model gives {feature_width(vlm)}"
            )
        self.vlm = vlm
        self.expert = expert
        self.feature_norm = feature_norm
        self.flow = FlowMatching.from_config(expert.config)

    def features(self, inputs: ModelInputs) -> Tensor:
        """Return the prompt features (B, L, C)."""
        return prompt_features(self.vlm, inputs, self.feature_norm)

    def velocity(self, inputs: ModelInputs, features: Tensor) -> Velocity:
        """Return the expert under a prompt as a function of noisy actions and time buckets."""

        def predict(actions: Tensor, buckets: Tensor) -> Tensor:
            predicted: Tensor = self.expert(inputs.state, actions, buckets, features, inputs.prompt_mask)
            return predicted

        return predict

    def loss(self, inputs: ModelInputs, actions: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        """Return the flow-matching loss of normalised, padded actions (B, H, A) with noise alike and times (B,)."""
        predict = self.velocity(inputs, self.features(inputs))
        return self.flow.loss(predict, actions, inputs.action_mask, noise, times)

    def step_velocity(self, inputs: ModelInputs, features: Tensor) -> StepVelocity:
        """Return the expert under a prompt as a function of noisy actions and one time bucket for all."""
        predict = self.velocity(inputs, features)

        def predict_step(actions: Tensor, bucket: int) -> Tensor:
            return predict(actions, torch.full((len(actions),), bucket, device=actions.device))

        return predict_step

    @torch.no_grad()
    def sample(self, inputs: ModelInputs, noise: Tensor, num_steps: int, guidance: Guidance | None = None) -> Tensor:
        """Return normalised, padded actions (B, H, A) from standard normal noise alike in Euler steps.

        The readable path, operation by operation as published; `engine.ChunkEngine` gives the same numbers sooner.

        Args:
            inputs: Prompts, images and states.
            noise: Standard normal (B, H, A).
            num_steps: Number of Euler steps.
            guidance: Steers to committed actions.
        """
        predict = self.step_velocity(inputs, self.features(inputs))
        return self.flow.sample(predict, noise, inputs.action_mask, num_steps, guidance)
