"""What is measured of a checkpoint, one file a metric; METRICS lists them in the order they are run."""

from models.metrics.likelihood import Likelihood
from models.metrics.metric import Metric, Samples
from models.metrics.recognition import Recognition

METRICS: tuple[Metric, ...] = (Recognition(), Likelihood())

__all__ = ["METRICS", "Metric", "Samples"]
