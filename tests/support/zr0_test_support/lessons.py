"""A small model that was taught what to say."""

import copy
import dataclasses
from collections.abc import Mapping

import torch
from torch.nn import functional
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.prompt import render_answer, tokenize

MAX_STEPS = 300
LEARNING_RATE = 3e-3


def taught(checkpoint: Checkpoint, lessons: Mapping[str, ModelInputs]) -> Checkpoint:
    """Fit a copy of the checkpoint's language model until it gives every answer to its prompt, word for word.

    Args:
        checkpoint: Holds the model; stays as it is.
        lessons: The prompt by the answer to it.

    Raises:
        RuntimeError: The model did not learn the answers.
    """
    vlm = copy.deepcopy(checkpoint.model.vlm)
    language = vlm.model.language_model.requires_grad_()
    optimiser = torch.optim.AdamW(language.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    answers = [
        (prompt, torch.from_numpy(tokenize(checkpoint.tokens, render_answer(text)))[None])
        for text, prompt in lessons.items()
    ]
    for _ in range(MAX_STEPS):
        optimiser.zero_grad()
        is_known = True
        for prompt, answer in answers:
            ids = torch.cat([prompt.input_ids, answer], dim=1)
            logits = vlm(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                pixel_values=prompt.pixel_values,
                image_grid_thw=prompt.image_grid_thw,
                mm_token_type_ids=(ids == checkpoint.tokens.image_id).int(),
                use_cache=False,
            ).logits[0, prompt.input_ids.shape[1] - 1 : -1]
            is_known &= bool((logits.argmax(-1) == answer[0]).all())
            functional.cross_entropy(logits, answer[0]).backward()  # type: ignore[no-untyped-call]
        if is_known:
            vlm.requires_grad_(requires_grad=False)
            model = Zr0Model(vlm, checkpoint.model.expert, checkpoint.model.feature_norm).eval()
            return dataclasses.replace(checkpoint, model=model)
        optimiser.step()
    raise RuntimeError(f"the answers were not learnt in {MAX_STEPS} steps")
