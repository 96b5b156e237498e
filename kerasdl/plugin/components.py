"""The core's own components, in the records that a plugin would yield."""

from kerasdl.plugin.types import Component

COMPONENTS: tuple[Component, ...] = ()
