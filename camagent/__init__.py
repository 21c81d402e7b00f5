"""camagent: CCTV readiness and stream checking for school networks."""

__version__ = "0.1.0"
