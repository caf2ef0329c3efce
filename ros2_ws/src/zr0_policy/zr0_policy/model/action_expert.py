"""The action expert: a flow-matching transformer that turns prompt features and a state into a chunk of actions."""

import torch
from torch import Tensor, nn

from zr0_policy.model.config import ActionExpertConfig
from zr0_policy.model.diffusion_transformer import DiffusionTransformer
from zr0_policy.model.encoders import ActionEncoder, TwoLayer


class ActionExpert(nn.Module):
    """Predicts the velocity of noisy actions. Parameter names and shapes are the published ones."""

    def __init__(self, config: ActionExpertConfig) -> None:
        super().__init__()
        width = config.action_or_state_token_embedding_dim
        transformer = config.diffusion_transformer_cfg
        self.config = config
        self.dit = DiffusionTransformer(transformer, config.vlm_output_embedding_dim)
        self.state_encoder = TwoLayer(config.state_dim, config.mlp_hidden_size, width)
        self.action_encoder = ActionEncoder(config.action_dim, width)
        self.action_decoder = TwoLayer(transformer.output_dim, config.mlp_hidden_size, config.action_dim)
        if config.add_pos_embed:
            self.position_embedding = nn.Embedding(config.max_seq_len, width)

    @property
    def dtype(self) -> torch.dtype:
        """The type that the weights compute in."""
        return self.dit.proj_out_1.weight.dtype

    def forward(self, state: Tensor, actions: Tensor, buckets: Tensor, features: Tensor, mask: Tensor) -> Tensor:
        """Predict the flow velocity.

        Args:
            state: Normalised, padded state (B, 1, S).
            actions: Noisy normalised, padded actions (B, H, A).
            buckets: Flow-time buckets (B,) int64.
            features: Prompt features (B, L, C).
            mask: True at the prompt tokens that the expert may see, (B, L) bool.

        Returns:
            Velocity (B, H, A).
        """
        action_tokens = self.action_encoder(actions.to(self.dtype), buckets)  # (B, H, D)
        horizon = action_tokens.shape[1]
        if self.config.add_pos_embed:
            action_tokens = action_tokens + self.position_embedding(torch.arange(horizon, device=actions.device))
        state_token = self.state_encoder(state.to(self.dtype))  # (B, 1, D)
        tokens = torch.cat([state_token, action_tokens], dim=1)
        output = self.dit(tokens, buckets, features.to(self.dtype), mask)
        return self.action_decoder(output[:, -horizon:])  # type: ignore[no-any-return]
