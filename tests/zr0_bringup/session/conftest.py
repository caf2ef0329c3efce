"""A session as it could have been."""

import pytest
from zr0_bringup.session.record import SessionRecord
from zr0_bringup.session.samples import ChunkSample, JointSample, PolicySample, SimSample
from zr0_test_support.session_samples import controller_sample, episode_result


@pytest.fixture
def record() -> SessionRecord:
    """Ten seconds of two joints and a gripper, with one chunk per second."""
    record = SessionRecord(joint_names=("joint1", "joint2", "drive_joint"))
    for step in range(101):
        time_s = step * 0.1
        position = 0.1 * time_s
        record.commanded.append(JointSample(time_s=time_s, positions=(position, -position, 0.5)))
        record.measured.append(JointSample(time_s=time_s, positions=(position - 0.01, -position, 0.4)))
        record.sim.append(
            SimSample(
                time_s=time_s,
                progress=10.0 * time_s,
                is_success=time_s > 9.0,
                max_velocity=1.0,
                max_acceleration=6.0,
                max_jerk=120.0,
                real_time_factor=1.0,
                camera_rate=30.0,
                renderer="egl",
            )
        )
        record.controller.append(controller_sample(time_s))
        record.policy.append(
            PolicySample(
                time_s=time_s,
                state="running",
                reason="",
                policy="zr0",
                is_trained=True,
                latency_s=0.05,
                inference_time_s=0.03,
            )
        )
        record.meter("/joint_states").tick(time_s)
    for number in range(1, 10):
        record.chunks.append(ChunkSample(time_s=float(number), sequence=number, age_s=0.05, span_s=1.5))
    record.episodes.append(episode_result())
    return record
