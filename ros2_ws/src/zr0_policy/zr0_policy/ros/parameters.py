"""The policy node's parameters."""

from dataclasses import dataclass

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from zr0_policy.chunking.strategies import STRATEGIES, ChunkingOptions


@dataclass(frozen=True, kw_only=True)
class PolicyParameters:
    """What the policy node is told at its start."""

    policy: str
    """Name of the policy."""
    checkpoint: str
    """Name or path of the weights."""
    checkpoint_facts: str
    """Folder with what the checkpoint's own files leave out, or empty."""
    embodiment: str
    """Name or path of the embodiment."""
    device: str
    """Torch device."""
    dtype: str
    """What the model computes in."""
    engine: str
    """How the model is run."""
    precision: str
    """What the model's weights are multiplied in."""
    num_samples: int
    """Chunks sampled for every observation."""
    rate: float
    """Inferences per second."""
    seed: int
    """Seed of the sampling noise."""
    privileged_topic: str
    """Topic of ground-truth object poses, or empty."""
    torch_threads: int
    """CPU threads of the model."""
    task: str
    """Instruction to begin with when activated, or empty."""
    chunking: str
    """Name of the chunking strategy."""
    sync_rows: int
    """Rows that `sync` executes of every chunk; 0 for all that fit."""
    ensemble_decay: float
    """How much `ensemble` holds on to older chunks, per chunk."""
    rtc_min_rows: int
    """Rows that `rtc` executes at least between two beginnings of an inference."""
    delay_window: int
    """Number of recent inferences whose largest delay is expected of the next."""

    @property
    def chunking_options(self) -> ChunkingOptions:
        """The options of the chunking strategies."""
        return ChunkingOptions(
            sync_rows=self.sync_rows, ensemble_decay=self.ensemble_decay, rtc_min_rows=self.rtc_min_rows
        )


def declare_parameters(node: Node) -> None:
    """Declare every parameter with description, unit and range; a bad start value is refused with its name."""
    _text(node, "policy", "zr0", "Which policy to run: zr0, hold, scripted, or any other that is installed.")
    _text(node, "checkpoint", "zr0_tiny_xarm7", "Name of a shipped checkpoint or path of a directory; zr0 only.")
    _text(
        node,
        "checkpoint_facts",
        "",
        "Folder with embodiment.yaml, zr0_options.json, provenance.json and statistics for a checkpoint that has none, "
        "such as a published one; empty for others; zr0 only.",
    )
    _text(node, "embodiment", "xarm7_gripper", "Name of a shipped embodiment or path of a YAML file.")
    _text(node, "device", "cpu", "Torch device of the model, such as cpu or cuda; zr0 only.")
    _text(
        node,
        "dtype",
        "auto",
        "What the model computes in; auto is float32 on a CPU and bfloat16 elsewhere; zr0 only.",
        "one of: auto, float32, bfloat16",
    )
    _text(
        node,
        "engine",
        "auto",
        "How the model is run: readable (operation by operation), fast (what does not change is computed once), graph "
        "(as fast, recorded; CUDA only), compiled (operations fused; minutes to start); auto is graph on a CUDA device "
        "and fast elsewhere; zr0 only.",
        "one of: auto, readable, fast, graph, compiled",
    )
    _text(
        node,
        "precision",
        "full",
        "What the model's weights are multiplied in: full, float8_expert, float8; a lower one is refused when it turns "
        "the actions; zr0 only.",
        "one of: full, float8_expert, float8",
    )
    _integer(
        node,
        "num_samples",
        1,
        "Chunks sampled for every observation; the one that the others agree with is published; zr0 only.",
        (1, 64),
    )
    _text(node, "privileged_topic", "", "Topic of ground-truth object poses (SimStatus). Simulation only; or empty.")
    _text(node, "task", "", "Instruction to begin with as soon as the node is active; empty waits for a RunTask goal.")
    _real(node, "rate", 5.0, "Inferences per second (Hz) at most.", (0.1, 50.0))
    _integer(node, "seed", 0, "Seed of the sampling noise; every task starts from it.", (0, 2**31 - 1))
    _integer(node, "torch_threads", 1, "CPU threads of the model.", (1, 256))
    _text(
        node,
        "chunking",
        "latest",
        "How chunks follow each other: sync (the arm waits for every answer), latest (the newest replaces the one "
        "before), ensemble (averages over chunks), rtc (real-time chunking: the policy continues what is being "
        "executed; needs a flow-matching policy).",
        f"one of: {', '.join(STRATEGIES)}",
    )
    defaults = ChunkingOptions()
    _integer(
        node,
        "sync_rows",
        defaults.sync_rows,
        "Rows executed of every chunk before the next inference, at most the horizon; 0 for all that fit; sync only.",
        (0, 1000),
    )
    _real(
        node,
        "ensemble_decay",
        defaults.ensemble_decay,
        "m of the weights exp(-m i), i counted from the oldest chunk (1/chunk): 0 weighs all alike; ensemble only.",
        (0.0, 1.0),
    )
    _integer(
        node,
        "rtc_min_rows",
        defaults.rtc_min_rows,
        "Rows executed at least between two beginnings of an inference, less than the horizon; rtc only.",
        (1, 1000),
    )
    _integer(
        node,
        "delay_window",
        10,
        "Recent inferences whose largest delay, in rows, is expected of the next; rtc only.",
        (1, 1000),
    )


def read_parameters(node: Node) -> PolicyParameters:
    """Read the declared parameters."""
    values = {name: node.get_parameter(name).value for name in PolicyParameters.__dataclass_fields__}
    return PolicyParameters(**values)


def _text(node: Node, name: str, default: str, description: str, constraints: str = "") -> None:
    descriptor = ParameterDescriptor(description=description, additional_constraints=constraints, read_only=True)
    node.declare_parameter(name, default, descriptor)


def _real(node: Node, name: str, default: float, description: str, limits: tuple[float, float]) -> None:
    allowed = FloatingPointRange(from_value=limits[0], to_value=limits[1], step=0.0)
    descriptor = ParameterDescriptor(description=description, floating_point_range=[allowed], read_only=True)
    node.declare_parameter(name, default, descriptor)


def _integer(node: Node, name: str, default: int, description: str, limits: tuple[int, int]) -> None:
    allowed = IntegerRange(from_value=limits[0], to_value=limits[1], step=1)
    descriptor = ParameterDescriptor(description=description, integer_range=[allowed], read_only=True)
    node.declare_parameter(name, default, descriptor)
