"""One attempt at a task."""

from zr0_sim.tasks.task import Judgement, Task, TaskSetup
from zr0_sim.world.table_view import TableState


class Episode:
    """Judges an attempt over its whole length: progress once made is kept, as is success.

    Args:
        task: What is attempted.
        setup: How it begins.
    """

    def __init__(self, task: Task, setup: TaskSetup) -> None:
        self.task = task
        self.setup = setup
        self.judgement = Judgement(progress=0.0, is_success=False)

    def update(self, state: TableState) -> Judgement:
        """Judge the present moment and return the best so far."""
        now = self.task.judge(self.setup, state)
        self.judgement = Judgement(
            progress=max(self.judgement.progress, now.progress),
            is_success=self.judgement.is_success or now.is_success,
        )
        return self.judgement
