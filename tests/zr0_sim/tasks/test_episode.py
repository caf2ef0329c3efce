import numpy as np
from zr0_sim.tasks.episode import Episode
from zr0_sim.tasks.pick_place import PickPlace
from zr0_sim.world.table_view import TableState


def test_progress_once_made_is_kept() -> None:
    task = PickPlace()
    episode = Episode(task, task.set_up(0))
    item = episode.setup.roles["item"]

    def see(height: float) -> float:
        objects = {name: pose.copy() for name, pose in episode.setup.poses.items()}
        objects[item][2] = height
        tool = np.eye(4)
        tool[:3, 3] = objects[item][:3]
        state = TableState(time=0.0, pose_base_tool=tool, finger_gap=0.04, objects=objects)
        return episode.update(state).progress

    assert see(0.02) == 20.0
    lifted = see(0.12)
    assert lifted > 40.0
    assert see(0.02) == lifted
    assert not episode.judgement.is_success
