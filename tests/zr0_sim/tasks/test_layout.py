import numpy as np
import pytest
from zr0_sim.tasks.layout import Region, draw_layout


def test_poses_lie_in_their_regions_and_apart() -> None:
    regions = {
        "a": Region(x=(0.0, 0.1), y=(0.0, 0.1), height=0.02, clearance=0.02, yaw=(0.5, 0.6)),
        "b": Region(x=(0.0, 0.1), y=(0.0, 0.1), height=0.03, clearance=0.03),
    }
    rng = np.random.default_rng(1)
    for _ in range(50):
        poses = draw_layout(regions, rng)
        assert np.linalg.norm(poses["a"][:2] - poses["b"][:2]) >= 0.05
        for name, region in regions.items():
            x, y, z, w, _, _, k = poses[name]
            assert region.x[0] <= x <= region.x[1]
            assert region.y[0] <= y <= region.y[1]
            assert z == region.height
            assert region.yaw[0] <= 2 * np.arctan2(k, w) <= region.yaw[1]


def test_a_crowded_table_is_refused() -> None:
    spot = Region(x=(0.0, 0.01), y=(0.0, 0.01), height=0.0, clearance=0.1)
    with pytest.raises(ValueError, match="no clear layout of a, b in 1000 draws"):
        draw_layout({"a": spot, "b": spot}, np.random.default_rng(0))
