"""ZR-0: prompt features from the vision-language model, actions from the action expert."""

import torch
from torch import Tensor, nn
from transformers import Qwen3VLForConditionalGeneration

from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.flow_matching import FlowMatching, Velocity
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

    @torch.inference_mode()
    def sample(self, inputs: ModelInputs, noise: Tensor, num_steps: int) -> Tensor:
        """Return normalised, padded actions (B, H, A) from standard normal noise alike in Euler steps."""
        predict = self.velocity(inputs, self.features(inputs))
        return self.flow.sample(predict, noise, inputs.action_mask, num_steps)
