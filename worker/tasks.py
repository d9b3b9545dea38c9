"""The tasks, bound to a runtime: they hand ids over and hold no logic."""

from collections.abc import Sequence
from uuid import UUID

from celery import Celery, bootsteps

from worker.queues import PROVISION_TRUNK, RUN_VERIFICATION, TEND_VERIFICATIONS
from worker.runtime import Runtime

# Celery's loop looks at its stop flag when it wakes, and with Redis it may sleep for 10 s.
_WAKE_SECONDS = 0.5


def bind(app: Celery, runtime: Runtime) -> None:
    """Register the tasks, and let Celery's worker start and stop the runtime with itself."""

    @app.task(name=RUN_VERIFICATION, shared=False)  # type: ignore[untyped-decorator]
    def run_verification(verification_ids: Sequence[str]) -> None:
        # The ids are for whoever reads the queue: what is due is claimed, named or not.
        runtime.wake()

    @app.task(name=TEND_VERIFICATIONS, shared=False)  # type: ignore[untyped-decorator]
    def tend_verifications() -> None:
        runtime.tend()

    @app.task(name=PROVISION_TRUNK, shared=False)  # type: ignore[untyped-decorator]
    def provision_trunk(trunk_id: str) -> None:
        runtime.provision(UUID(trunk_id))

    class RuntimeStep(bootsteps.StartStopStep):  # type: ignore[misc]
        """Started after the pool and stopped before it, so that no run outlives its engine."""

        requires = ("celery.worker.components:Pool", "celery.worker.components:Timer")

        def start(self, parent: bootsteps.StartStopStep) -> None:
            """Open the runtime, and keep the loop awake."""
            runtime.start()
            if parent.use_eventloop:
                parent.timer.call_repeatedly(_WAKE_SECONDS, _nothing)

        def stop(self, parent: bootsteps.StartStopStep) -> None:
            """Give back what does not finish in time."""
            runtime.stop()

    app.steps["worker"].add(RuntimeStep)


def _nothing() -> None:
    """Wake the loop; that is all."""
