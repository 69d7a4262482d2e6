"""A saver that stops a training where a test wants it."""

from backpath.training.checkpoints.saver import Saver


class Stopping(Saver):
    """Asks to stop at a step."""

    def __init__(self, path, at):
        super().__init__(path, 1e9)
        self.left, self.patience = at, 0.0

    def after_step(self, capture):
        self.left -= 1
        self.stopping = self.left == 0
        super().after_step(capture)
