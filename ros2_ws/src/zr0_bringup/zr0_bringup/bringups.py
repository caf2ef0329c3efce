"""The bring-ups: `sim` and `xarm`. They share the policy side and differ on the robot side only."""

from dataclasses import replace

from zr0_bringup.arguments import LaunchArgument
from zr0_bringup.graph import Argument, Graph, NodeKind, NodeSpec, WhenArgument

EMBODIMENT = LaunchArgument(
    name="embodiment",
    default="xarm7_gripper",
    description="robot: the name of an embodiment file, such as xarm7_gripper or xarm7_gripper_pose",
)
POLICY_ARGUMENTS = (
    LaunchArgument(
        name="policy",
        default="zr0",
        description="what decides: zr0 (the model), scripted (knows the simulated table), hold (stands still)",
    ),
    LaunchArgument(
        name="checkpoint",
        default="zr0_tiny_xarm7",
        description="weights of the zr0 policy: the name of a shipped checkpoint or the path of a folder",
    ),
    LaunchArgument(
        name="checkpoint_facts",
        default="",
        description="folder with robot, options and statistics for weights that come without, such as published ones",
    ),
    LaunchArgument(name="device", default="cpu", description="torch device of the policy, such as cpu or cuda"),
    LaunchArgument(
        name="engine",
        default="auto",
        choices=("auto", "readable", "fast", "graph", "compiled"),
        description="how the model is run; auto is graph on a CUDA device and fast elsewhere",
    ),
    LaunchArgument(
        name="chunking",
        default="latest",
        choices=("sync", "latest", "ensemble", "rtc"),
        description="how chunks follow each other: sync waits, latest replaces, ensemble averages, rtc continues",
    ),
    LaunchArgument(name="rate", default=5.0, description="inferences per second, at most"),
    LaunchArgument(name="seed", default=0, description="seed of sampling noise and, in simulation, of the task"),
)
CAMERA_ARGUMENTS = (
    LaunchArgument(
        name="front_camera_topic",
        default="/camera/front/image_raw",
        description="images of the camera facing the robot",
    ),
    LaunchArgument(
        name="wrist_camera_topic", default="/camera/wrist/image_raw", description="images of the camera at the wrist"
    ),
)
MOTION_MODES = ("servo_joint", "planned_joint", "planned_pose")
CONTROLLER_ARGUMENTS = (
    LaunchArgument(
        name="motion_mode",
        default="servo_joint",
        choices=MOTION_MODES,
        description="how targets reach the arm: interpolated here at 100 Hz, or planned by the arm itself",
    ),
    LaunchArgument(
        name="dry_run", default=False, description="true: follow the chunks in thought only, the arm never moves"
    ),
)
CAMERA_REMAPPINGS = (
    ("/camera/front/image_raw", Argument("front_camera_topic")),
    ("/camera/wrist/image_raw", Argument("wrist_camera_topic")),
)

CONTROLLER = NodeSpec(
    name="arm_controller",
    package="zr0_xarm",
    executable="controller_node",
    kind=NodeKind.LIFECYCLE,
    parameters={
        "robot_ip": Argument("robot_ip"),
        "control_port": Argument("control_port"),
        "embodiment": Argument("embodiment"),
        "motion_mode": Argument("motion_mode"),
        "dry_run": Argument("dry_run"),
    },
)
POLICY = NodeSpec(
    name="policy",
    package="zr0_policy",
    executable="policy_node",
    kind=NodeKind.LIFECYCLE,
    parameters={
        "policy": Argument("policy"),
        "checkpoint": Argument("checkpoint"),
        "checkpoint_facts": Argument("checkpoint_facts"),
        "embodiment": Argument("embodiment"),
        "device": Argument("device"),
        "engine": Argument("engine"),
        "chunking": Argument("chunking"),
        "rate": Argument("rate"),
        "seed": Argument("seed"),
        # A learned policy must never see the simulator's ground truth.
        "privileged_topic": WhenArgument(name="policy", equals="scripted", then="/sim/status", otherwise=""),
    },
    remappings=CAMERA_REMAPPINGS,
)
XARM_POLICY = replace(POLICY, parameters={**POLICY.parameters, "task": Argument("task")})
LIFECYCLE_MANAGER = NodeSpec(
    name="lifecycle_manager",
    package="zr0_bringup",
    executable="lifecycle_manager_node",
    kind=NodeKind.PLAIN,
    parameters={"node_names": ("arm_controller", "policy")},
)
SIM = NodeSpec(
    name="sim",
    package="zr0_sim",
    executable="sim_node",
    kind=NodeKind.PLAIN,
    parameters={
        "embodiment": Argument("embodiment"),
        "task": Argument("task"),
        "seed": Argument("seed"),
        "box_host": Argument("robot_ip"),
        "control_port": Argument("control_port"),
        "renderer": Argument("renderer"),
    },
    remappings=CAMERA_REMAPPINGS,
)
SIM_LIFECYCLE_MANAGER = replace(
    LIFECYCLE_MANAGER,
    # Offered once the control box listens, which takes some seconds.
    parameters={**LIFECYCLE_MANAGER.parameters, "wait_for_services": ("/sim/reset_task",)},
)
STOP_ORDER = ("arm_controller", "policy", "lifecycle_manager")


def sim_graph() -> Graph:
    """Return the graph with a simulated table, cameras and control box."""
    robot = (
        LaunchArgument(
            name="robot_ip", default="127.0.0.1", description="local address that the simulated control box listens on"
        ),
        LaunchArgument(
            name="control_port", default=50200, description="TCP port of the box's commands; a real box: 502"
        ),
        LaunchArgument(
            name="task", default="pick_place", description="what stands on the table, and what is to be done"
        ),
        LaunchArgument(
            name="renderer",
            default="auto",
            choices=("auto", "egl", "osmesa", "raycast"),
            description="what draws the camera images; auto takes the fastest that works",
        ),
    )
    return Graph(
        name="sim",
        description="A simulated xArm, table and cameras under a policy.",
        arguments=(*robot, EMBODIMENT, *POLICY_ARGUMENTS, *CAMERA_ARGUMENTS, *CONTROLLER_ARGUMENTS),
        nodes=(SIM, CONTROLLER, POLICY, SIM_LIFECYCLE_MANAGER),
        stop_order=(*STOP_ORDER, "sim"),
    )


def xarm_graph() -> Graph:
    """Return the graph for a real arm; cameras are brought up by their own drivers."""
    robot = (
        LaunchArgument(
            name="robot_ip",
            default="",
            is_required=True,
            description="address of the arm's control box, as 192.168.1.200",
        ),
        LaunchArgument(name="control_port", default=502, description="TCP port of the box's commands"),
        LaunchArgument(
            name="task",
            default="",
            description="what to do, in words, as soon as the arm is enabled; empty: wait for a goal of /zr0/run_task",
        ),
    )
    return Graph(
        name="xarm",
        description="A real xArm under a policy.",
        arguments=(*robot, EMBODIMENT, *POLICY_ARGUMENTS, *CAMERA_ARGUMENTS, *CONTROLLER_ARGUMENTS),
        nodes=(CONTROLLER, XARM_POLICY, LIFECYCLE_MANAGER),
        stop_order=STOP_ORDER,
    )


def bringups() -> dict[str, Graph]:
    """Return all graphs by name."""
    return {graph.name: graph for graph in (sim_graph(), xarm_graph())}
