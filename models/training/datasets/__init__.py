"""Picture sets for training: how each is prepared, and how it is kept on disk.

Run `python -m models.training.datasets portraits` (or letters, digits) once; afterwards
`load(Path("data/portraits"))` gives a training its pictures and labels.
"""

from models.training.datasets.pictures import PictureSet, PictureSetError, load, made_by, save

__all__ = ["PictureSet", "PictureSetError", "load", "made_by", "save"]
