"""The operator's services, which may block, on an executor of their own."""

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger
from zr0_core.errors import Zr0Error
from zr0_core.ros.side_node import SideNode

from zr0_xarm.control.operator import Operator

NOT_ACTIVE = "the controller is not active: configure and activate it first"


class RequestServer:
    """Serves `~/enable`, `~/hold`, `~/emergency_stop`, `~/recover` and `~/home` of a node.

    They have two threads, so that a long request holds up neither the controller's topics nor an emergency stop.
    """

    def __init__(self, owner: Node, operator: Callable[[], Operator | None]) -> None:
        """Offer the services of a node.

        Args:
            owner: Under whose name they are offered.
            operator: Returns who fulfils requests; None while the controller is not active.
        """
        self._operator = operator
        self._side = SideNode(owner, "requests", num_threads=2)
        group = ReentrantCallbackGroup()
        prefix = owner.get_fully_qualified_name()
        create = partial(self._side.node.create_service, callback_group=group)
        create(SetBool, f"{prefix}/enable", self._enable)
        for name, act in {
            "hold": Operator.hold,
            "emergency_stop": Operator.emergency_stop,
            "recover": Operator.recover,
            "home": Operator.home,
        }.items():
            create(Trigger, f"{prefix}/{name}", self._trigger(act))
        self._side.start()

    def close(self) -> None:
        """Stop serving; returns when the requests in progress have ended."""
        self._side.close()

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
            self._side.node.get_logger().warning(str(error))
        return response
