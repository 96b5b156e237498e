"""Image classification in which the second and third guess count too."""

from dataclasses import replace

import keras
import numpy as np

from kerasdl.tasks import Classification


class Ranked(Classification):
    """Watches and reports how often the class is among the best three."""

    monitor = "val_top_3"

    def metrics(self, loss, data):
        best = keras.metrics.SparseTopKCategoricalAccuracy(3, name="top_3")
        return [*super().metrics(loss, data), best]

    def evaluate(self, samples, outputs, model, data):
        found = super().evaluate(samples, outputs, model, data)
        best = np.argsort(-self.probabilities(outputs, model), axis=1)[:, :3]
        share = float((best == samples.y[:, None]).any(axis=1).mean())
        return replace(found, figures={**found.figures, "top_3": share})
