"""What the agent needs to watch its site: configuration, what is remembered, how each camera is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from camagent.discover.plan import DiscoveryPlan
from camagent.run.context import JudgingContext
from camagent.run.fleet import FleetOptions
from camagent.run.site_run import with_memory


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """By what the site is watched; replaced as a whole when the configuration is read again."""

    order: JudgingContext
    options: FleetOptions
    plan: Callable[[], DiscoveryPlan]
    """Made anew for every search, because interfaces and addresses come and go; may raise OperatorError."""

    @property
    def fleet_options(self) -> FleetOptions:
        """The options with what earlier rounds saw of the devices' doors."""
        return with_memory(self.options, self.order)
