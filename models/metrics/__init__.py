"""What is measured of a checkpoint, one file a metric; METRICS lists them in the order they are run."""

from models.metrics.density_coverage import DensityCoverage
from models.metrics.diversity import Diversity
from models.metrics.fid import Fid
from models.metrics.inception_score import InceptionScore
from models.metrics.kid import Kid
from models.metrics.likelihood import Likelihood
from models.metrics.likeness import Redrawing
from models.metrics.memorised import Memorised
from models.metrics.metric import Metric
from models.metrics.modes import Modes
from models.metrics.path_length import PathLength
from models.metrics.precision_recall import PrecisionRecall
from models.metrics.recognition import Recognition
from models.metrics.samples import Samples

METRICS: tuple[Metric, ...] = (
    Fid(),
    Kid(),
    PrecisionRecall(),
    DensityCoverage(),
    Diversity(),
    Memorised(),
    PathLength(),
    Recognition(),
    InceptionScore(),
    Likelihood(),
    Redrawing(),
    Modes(),
)

__all__ = ["METRICS", "Metric", "Samples"]
