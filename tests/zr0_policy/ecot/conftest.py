"""A chain of thought of an unfinished task, with its text, columns and tokens."""

from types import MappingProxyType

import pytest
from zr0_policy.ecot.thought import EmbodiedChainOfThought, TargetObject

FRONT, WRIST = "observation.images.front", "observation.images.wrist"

TEXT = """{
  "Chain-of-Thought Reasoning": "A \\"red\\" cube – 赤 – lies left of the bin.\\nNothing is done yet.",
  "Finished": "No",
  "To-do Actions": [
    "pick up the red cube",
    "put it into the bin"
  ],
  "Target Objects": {
    "observation.images.front": [
      {
        "bbox_2d": [
          0,
          0.25,
          0.5,
          1
        ],
        "label": "red cube"
      },
      {
        "bbox_2d": [
          0.125,
          1e-05,
          0.3,
          0.999
        ],
        "label": "bin"
      }
    ],
    "observation.images.wrist": []
  },
  "Discrete Action Tokens": "<robot_action_0><robot_action_17><robot_action_2047>"
}"""


@pytest.fixture(scope="session")
def text() -> str:
    return TEXT


@pytest.fixture(scope="session")
def thought() -> EmbodiedChainOfThought:
    return EmbodiedChainOfThought(
        reasoning='A "red" cube – 赤 – lies left of the bin.\nNothing is done yet.',
        is_finished=False,
        to_do=("pick up the red cube", "put it into the bin"),
        target_objects={
            FRONT: (
                TargetObject(bbox_2d=(0, 0.25, 0.5, 1), label="red cube"),
                TargetObject(bbox_2d=(0.125, 1e-05, 0.3, 0.999), label="bin"),
            ),
            WRIST: (),
        },
        action_tokens=(0, 17, 2047),
    )


@pytest.fixture(scope="session")
def row() -> MappingProxyType[str, object]:
    return MappingProxyType(
        {
            "future_sub_tasks": '["pick up the red cube", "put it into the bin"]',
            "bbox": '{"observation.images.front": [{"bbox_2d": [0, 0.25, 0.50, 1], "label": "red cube"}, '
            '{"label": "bin", "bbox_2d": [0.125, 0.00001, 0.3, 0.999]}], "observation.images.wrist": []}',
            "cot": ' A "red" cube – 赤 – lies left of the bin.\nNothing is done yet.\n',
            "timestamp": 0.1,
        }
    )


@pytest.fixture(scope="session")
def camera_keys() -> tuple[str, str]:
    return (FRONT, WRIST)
