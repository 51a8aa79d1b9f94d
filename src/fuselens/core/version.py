"""The version: read by the package, by results and by the build."""

__version__ = "0.1.0"
