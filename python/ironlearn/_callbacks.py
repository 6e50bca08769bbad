"""scikit-learn's callbacks around a fit of the core."""

from __future__ import annotations


class FitCallbacks:
    """Runs scikit-learn's callbacks around a fit, and hands out the function that tells them of each step."""

    def __init__(self, estimator, X, y, **at_end):
        self.estimator, self.data, self.at_end = estimator, {"X": X, "y": y}, at_end
        self.active = bool(getattr(estimator, "_skl_callbacks", None)) or hasattr(estimator, "_parent_callback_ctx")

    def __enter__(self):
        if not self.active:
            return None
        self.context = self.estimator._init_callback_context(max_subtasks=None)
        self.context.call_on_fit_task_begin(estimator=self.estimator, **self.data)
        return self._step

    def _step(self, done, total, measure):
        step = self.context.subcontext(task_name="iteration")
        step.call_on_fit_task_begin(estimator=self.estimator, **self.data)
        step.call_on_fit_task_end(estimator=self.estimator, **self.data)

    def __exit__(self, kind, error, trace):
        if self.active and kind is None:
            self.context.call_on_fit_task_end(estimator=self.estimator, **self.data, **self.at_end)
        return False


class IterationCallbacks(FitCallbacks):
    """Tells of each iteration when it begins and when it ends, with the estimator as it is then.

    ``state(k)`` gives the attributes after k iterations; it is called only where a callback asks for the estimator. As
    in scikit-learn one more iteration begins than is done.
    """

    def __init__(self, estimator, X, y, *, most, state):
        super().__init__(estimator, X, y)
        self.most, self.state, self.done = most, state, 0

    def __enter__(self):
        if not self.active:
            return None
        self.context = self.estimator._init_callback_context(max_subtasks=self.most)
        self.context.call_on_fit_task_begin(estimator=self.estimator, **self.data)
        self._begin(None)
        return self._step

    def _begin(self, state):
        self.iteration = self.context.subcontext(task_name="iteration")
        self.iteration.call_on_fit_task_begin(estimator=self.estimator, **self.data, reconstruction_attributes=state)

    def _step(self, done, total, measure):
        def state():
            return self.state(done)

        self.done = done
        self.iteration.call_on_fit_task_end(estimator=self.estimator, **self.data, reconstruction_attributes=state)
        self._begin(state)

    def __exit__(self, kind, error, trace):
        if self.active and kind is None:
            if self.done == 0:
                self.iteration.call_on_fit_task_end(estimator=self.estimator, **self.data)
                self._begin(None)
            self.iteration.call_on_fit_task_end(estimator=self.estimator, **self.data)
        return super().__exit__(kind, error, trace)
