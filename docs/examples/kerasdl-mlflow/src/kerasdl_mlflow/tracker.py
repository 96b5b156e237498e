"""A run of kerasdl as a run of MLflow, where `MLFLOW_TRACKING_URI` says."""

import time

import keras
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

EXPERIMENT = "kerasdl"
NOTE = "mlflow.txt"  # in the run's folder: the id of the run in MLflow


class Tracker(keras.callbacks.Callback):
    """Writes a run's settings when it begins, and its figures after each epoch."""

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.client = MlflowClient()

    def on_train_begin(self, logs=None):
        note = self.run.folder / NOTE
        if not note.exists():  # a run that is resumed goes on in the same run of MLflow
            made = self.client.create_run(_experiment(self.client), run_name=self.run.folder.name)
            note.write_text(made.info.run_id)
            settings = list(_flat(self.run.config))
            for begin in range(0, len(settings), 100):  # MLflow takes a hundred at a time
                self.client.log_batch(made.info.run_id, params=settings[begin : begin + 100])
        self.id = note.read_text()

    def on_epoch_end(self, epoch, logs=None):
        self.client.log_batch(self.id, metrics=_metrics(logs or {}, epoch + 1))


def finish(run, figures):
    """Ends the run in MLflow with its final figures and its folder."""
    client, id = MlflowClient(), (run.folder / NOTE).read_text()
    client.log_batch(id, metrics=_metrics({f"test_{name}": v for name, v in figures.items()}, 0))
    client.log_artifacts(id, str(run.folder))
    client.set_terminated(id)


def _experiment(client):
    found = client.get_experiment_by_name(EXPERIMENT)
    return found.experiment_id if found else client.create_experiment(EXPERIMENT)


def _flat(config, before=""):
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield Param(before + name, str(value))


def _metrics(logs, step):
    now = int(time.time() * 1000)
    return [Metric(name, float(value), now, step) for name, value in logs.items()]
