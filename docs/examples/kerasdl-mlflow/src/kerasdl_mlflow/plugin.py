"""What kerasdl asks: MLflow is imported when a run begins, not when plugins are listed."""

from kerasdl.plugin import hookimpl


@hookimpl
def kerasdl_callbacks(run):
    """A callback that writes the settings and each epoch."""
    from kerasdl_mlflow.tracker import Tracker

    yield Tracker(run)


@hookimpl
def kerasdl_after_fit(run, logs):
    """Adds the final figures and the run's folder: model, pictures, results."""
    from kerasdl_mlflow.tracker import finish

    finish(run, logs)
