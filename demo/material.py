"""What a model decides on, kept in a file between the demo and the model's own process. Imports no Django."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo.world import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Material:
    """What a model sees of each post. ``settled`` are the scores after a clarification, where ``settles`` says so."""

    scores: Floats
    sd: Floats
    place: Ints
    minority: Bools
    settled: Floats
    settles: Bools

    def save(self, path: Path) -> None:
        """As ``.npz``: the model's own process reads it."""
        np.savez(
            path,
            scores=self.scores,
            sd=self.sd,
            place=self.place,
            minority=self.minority,
            settled=self.settled,
            settles=self.settles,
        )

    def take(self, rows: slice) -> "Material":
        """The posts at ``rows``."""
        return Material(*(getattr(self, name)[rows] for name in self.__slots__))

    @classmethod
    def load(cls, path: Path) -> "Material":
        """What ``save`` wrote."""
        with np.load(path) as file:
            return cls(**{name: file[name] for name in cls.__slots__})
