"""Postern: a marketplace's buyers and sellers write to each other, and neither learns the other's address."""

__version__ = "0.1.0"
