"""What boosting prints after its stages where it is verbose."""

from __future__ import annotations

from time import time


class StageReport:
    """A table of the stages: each where ``verbose`` is above 1, else ever fewer of them."""

    def __init__(self, verbose, total, first, has_oob):
        self.verbose, self.total, self.first, self.has_oob = verbose, total, first, has_oob
        self.every, self.start = 1, time()
        names = ["Train Loss", *(["OOB Improve"] if has_oob else []), "Remaining Time"]
        print(f"{'Iter':>10} " + "".join(f"{name:>16} " for name in names))

    def update(self, stage, train_score, oob_improvement):
        """Tells of a stage, if it is its turn."""
        done = stage - self.first + 1
        if done % self.every:
            return
        remaining = (self.total - stage - 1) * (time() - self.start) / done
        left = f"{remaining / 60:.2f}m" if remaining > 60 else f"{remaining:.2f}s"
        numbers = [train_score, *([oob_improvement] if self.has_oob else [])]
        print(" ".join([f"{stage + 1:>10d}", *(f"{v:>16.4f}" for v in numbers), f"{left:>16}"]))
        if self.verbose == 1 and done // (self.every * 10) > 0:
            self.every *= 10
