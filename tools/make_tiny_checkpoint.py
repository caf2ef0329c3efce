"""Make the tiny checkpoint that ships with zr0_policy.

python tools/make_tiny_checkpoint.py --untrained
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from zr0_core.embodiment import Embodiment
from zr0_core.feature_statistics import FeatureStatistics

from zr0_policy.checkpoint.checkpoint import Checkpoint, ServingFacts
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.checkpoint.provenance import Provenance
from zr0_policy.checkpoint.save import save_checkpoint
from zr0_policy.checkpoint.tiny import tiny_model, tiny_tokenizer
from zr0_policy.preprocessing.prompt import task_text
from zr0_policy.preprocessing.tokens import Tokens


def main() -> None:
    torch.set_num_threads(1)
    e = Embodiment.load("xarm7_gripper")
    tok = tiny_tokenizer([task_text("pick up the red block")] + [c.key for c in e.cameras])
    tokens = Tokens.from_tokenizer(tok, "tiny")
    model = tiny_model(tokens, e, 0)
    home = np.array([*e.home, 0.4])
    st = FeatureStatistics(
        names=e.state.names,
        minimum=tuple(home - 0.3),
        maximum=tuple(home + 0.3),
        q01=tuple(home - 0.3),
        q99=tuple(home + 0.3),
    )
    facts = ServingFacts(
        embodiment=e,
        statistics={e.state.key: st, e.action.key: st},
        options=Zr0Options(),
        provenance=Provenance(is_trained=False, description="Random weights."),
    )
    save_checkpoint(
        Checkpoint(model=model, tokens=tokens, facts=facts),
        Path("ros2_ws/src/zr0_policy/checkpoints/zr0_tiny_xarm7"),
        dtype=torch.bfloat16,
        overwrite=True,
    )


main()
