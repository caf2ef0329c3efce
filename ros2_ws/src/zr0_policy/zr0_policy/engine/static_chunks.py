"""Chunks in buffers that never move, so that a device can be given the whole chunk as one recorded piece of work."""

from collections.abc import Callable

import torch
from torch import Tensor

from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.engine.chunk_inputs import ChunkInputs, PromptPlan
from zr0_policy.engine.tensor_tree import cloned, overwrite, tensors_of
from zr0_policy.model.guidance import Guidance

Work = Callable[[], Tensor]
"""Computes into fixed memory from fixed memory and returns the result's tensor."""
Recorder = Callable[[Work], Work]
"""Turns work into a replay of it that gives the same tensor with new values."""


def record_cuda_graph(work: Work) -> Work:
    """Record work on the current CUDA device as a graph: one launch instead of a thousand.

    Source: the CUDA programming guide, "CUDA graphs"; torch.cuda.graph wants a few runs on a side stream before.
    """
    stream: torch.cuda.Stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = work()

    def replay() -> Tensor:
        graph.replay()
        return result

    return replay


class StaticChunks:
    """Runs chunks through recorded work, one recording for every combination of shapes.

    A new prompt of a known shape is copied into the recording's buffers; so is every new observation.

    Args:
        engine: Computes the chunks.
        record: How work is recorded.
    """

    def __init__(self, engine: ChunkEngine, record: Recorder = record_cuda_graph) -> None:
        self._engine = engine
        self._record = record
        self._recordings: dict[tuple[object, ...], _Recording] = {}

    @property
    def num_recordings(self) -> int:
        """Combinations of shapes seen so far."""
        return len(self._recordings)

    def run(self, plan: PromptPlan, inputs: ChunkInputs, guidance: Guidance | None = None) -> Tensor:
        """Return normalised, padded actions (B K, H, A), float32, in memory of their own.

        The first chunk of every combination of shapes takes seconds.

        Args:
            plan: The prompts.
            inputs: Images, states and noise, on any device.
            guidance: Steers to committed actions, on any device.
        """
        trees = (plan, inputs, guidance)
        strength = None if guidance is None else guidance.max_weight
        key = (strength, *(tuple(tensor.shape) for tensor in tensors_of(trees)))
        # Guidance is a derivative, which inference mode forbids.
        with torch.inference_mode(mode=guidance is None), torch.no_grad():
            if key not in self._recordings:
                self._recordings[key] = _Recording(self._engine, self._record, plan, inputs, guidance)
            return self._recordings[key].run(plan, inputs, guidance)


class _Recording:
    def __init__(
        self,
        engine: ChunkEngine,
        record: Recorder,
        plan: PromptPlan,
        inputs: ChunkInputs,
        guidance: Guidance | None,
    ) -> None:
        device = plan.embeddings.device
        self._plan = plan
        self._plan_buffers = cloned(plan, device)
        self._inputs = cloned(inputs, device)
        self._guidance = cloned(guidance, device)
        self._replay = record(lambda: engine.run(self._plan_buffers, self._inputs, self._guidance))

    def run(self, plan: PromptPlan, inputs: ChunkInputs, guidance: Guidance | None) -> Tensor:
        if plan is not self._plan:
            overwrite(self._plan_buffers, plan)
            self._plan = plan
        overwrite((self._inputs, self._guidance), (inputs, guidance))
        return self._replay().clone()
