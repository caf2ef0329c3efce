"""What tests of nodes and control boxes share.

| module | gives |
|---|---|
| `domain` | `lock_domain()`: a ROS domain that no other test process uses |
| `address` | `lock_address()`: a loopback address that no other test process uses, for control boxes |
| `environment` | `ros_environment()`: the variables every node runs under, our Fast DDS profile included |
| `process` | `NodeProcess`: a node as a real process: started, watched, ended by SIGINT |
| `host` | `RosHost`: a ROS context with its own executor thread, for nodes inside the test process |
| `demo_package` | `write_demo_package()`: an ament package out of a few lines of Python |
| `messages` | messages without ROS, by their fields |
| `fixtures` | the fixtures below, loaded by `tests/conftest.py` |
| `probe` | `Probe`: a node that looks from outside: subscribes, publishes, calls, waits |

The fixtures `ros_domain`, `ros_env`, `probe`, `host`, `start_node` and `box_address` of `fixtures`
put them together. A node test reads:

    def test_controller_reports_its_state(start_node, probe):
        start_node("zr0_xarm", "controller_node", parameters={"dry_run": True})
        statuses = probe.subscribe(ControllerStatus, "/zr0/controller_status", STATUS_QOS)
        probe.configure("/arm_controller")
        statuses.wait(lambda message: message.state == ControllerStatus.HOLDING)

Everything works under `pytest -n`: the locks are sockets, which the operating system frees when a worker ends.
"""
