"""What the policy status says."""

import time

from rclpy.time import Time
from zr0_msgs.msg import PolicyStatus

from zr0_policy.runtime.input_buffer import InputBuffer
from zr0_policy.runtime.task_runner import TaskRunner

STATE_NAMES = {
    PolicyStatus.IDLE: "IDLE",
    PolicyStatus.RUNNING: "RUNNING",
    PolicyStatus.WAITING_FOR_INPUT: "WAITING_FOR_INPUT",
    PolicyStatus.FAILED: "FAILED",
}


def idle_status(policy: str, reason: str, *, is_failed: bool = False) -> PolicyStatus:
    """Write the status of a node that has no policy loaded, or whose policy could not be loaded."""
    message = PolicyStatus()
    message.header.stamp = Time(nanoseconds=time.time_ns()).to_msg()
    message.state = PolicyStatus.FAILED if is_failed else PolicyStatus.IDLE
    message.policy = policy
    message.reason = reason
    return message


def loaded_status(runner: TaskRunner, inputs: InputBuffer) -> PolicyStatus:
    """Write the status of a loaded policy: what its runner does and how old its inputs are."""
    now_ns = time.time_ns()
    progress = runner.progress
    ages = inputs.ages(now_ns)
    message = PolicyStatus()
    message.header.stamp = Time(nanoseconds=now_ns).to_msg()
    message.policy = runner.policy.name
    message.is_trained = runner.policy.is_trained
    message.instruction = progress.instruction
    message.chunk_sequence = progress.sequence
    message.num_chunks = progress.num_chunks
    message.latency = progress.latency_s
    message.inference_time = progress.inference_s
    message.input_names = [age.name for age in ages]
    message.input_ages = [age.age_s for age in ages]
    if progress.is_running:
        complaint = inputs.complaint(ages) or progress.complaint
        message.state = PolicyStatus.WAITING_FOR_INPUT if complaint else PolicyStatus.RUNNING
        message.reason = complaint
    elif progress.failure:
        message.state = PolicyStatus.FAILED
        message.reason = progress.failure
    else:
        message.state = PolicyStatus.IDLE
        message.reason = "no task"
    return message
