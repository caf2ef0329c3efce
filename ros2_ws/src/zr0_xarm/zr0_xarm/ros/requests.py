"""The operator's services, which may block, on an executor of their own."""

import threading
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger
from zr0_core.errors import Zr0Error

from zr0_xarm.control.operator import Operator

NOT_ACTIVE = "the controller is not active: configure and activate it first"


class RequestServer:
    """Serves `~/enable`, `~/hold`, `~/emergency_stop`, `~/recover` and `~/home` of a node.

    They run in a helper node with two threads, so that a long request holds up neither the controller's topics nor
    an emergency stop. The executor would otherwise poll a waiting coroutine without pause.
    """

    def __init__(self, owner: Node, operator: Callable[[], Operator | None]) -> None:
        """Offer the services of a node.

        Args:
            owner: Under whose name they are offered.
            operator: Returns who fulfils requests; None while the controller is not active.
        """
        self._operator = operator
        self._node = Node(
            f"{owner.get_name()}_requests",
            namespace=owner.get_namespace(),
            context=owner.context,
            # A remapped node name is for the owner alone.
            use_global_arguments=False,
            start_parameter_services=False,
        )
        group = ReentrantCallbackGroup()
        prefix = owner.get_fully_qualified_name()
        self._node.create_service(SetBool, f"{prefix}/enable", self._enable, callback_group=group)
        for name, act in {
            "hold": Operator.hold,
            "emergency_stop": Operator.emergency_stop,
            "recover": Operator.recover,
            "home": Operator.home,
        }.items():
            self._node.create_service(Trigger, f"{prefix}/{name}", self._trigger(act), callback_group=group)
        self._executor = MultiThreadedExecutor(num_threads=2, context=owner.context)
        self._executor.add_node(self._node)
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._spin, name="requests", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; returns when the requests in progress have ended."""
        # The executor's own shutdown frees what a waiting thread still uses, so the thread ends first.
        self._is_ending.set()
        self._executor.wake()
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()

    def _spin(self) -> None:
        try:
            while not self._is_ending.is_set():
                self._executor.spin_once(timeout_sec=0.5)
        except ExternalShutdownException:
            return

    def _trigger(self, act: Callable[[Operator], str]) -> Callable[[Any, Any], Any]:
        def serve(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            return self._serve(act, response)

        return serve

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        return self._serve(Operator.enable if request.data else Operator.disable, response)

    def _serve(self, act: Callable[[Operator], str], response: Any) -> Any:
        operator = self._operator()
        if operator is None:
            response.success, response.message = False, NOT_ACTIVE
            return response
        try:
            response.message = act(operator)
            response.success = True
        except Zr0Error as error:
            response.success, response.message = False, str(error)
            self._node.get_logger().warning(str(error))
        return response
