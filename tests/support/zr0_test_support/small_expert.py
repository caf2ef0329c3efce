"""An action expert of a few thousand random weights, none of them zero."""

import torch
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.config import ActionExpertConfig, TransformerConfig
from zr0_policy.model.diffusion_transformer import unit_scale_

CONFIG = ActionExpertConfig(
    vlm_output_embedding_dim=24,
    action_or_state_token_embedding_dim=32,
    mlp_hidden_size=20,
    max_seq_len=12,
    action_dim=7,
    state_dim=5,
    action_horizon=6,
    diffusion_transformer_cfg=TransformerConfig(
        num_attention_heads=4, attention_head_dim=8, output_dim=16, num_layers=9
    ),
)


def make_expert(config: ActionExpertConfig = CONFIG) -> ActionExpert:
    expert = ActionExpert(config).eval()
    generator = torch.Generator().manual_seed(1)
    unit_scale_(expert, generator)
    with torch.no_grad():
        for parameter in expert.parameters():
            if parameter.ndim < 2 or parameter.shape[0] == 1:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return expert.requires_grad_(requires_grad=False)
