"""The extension of the Jupyter server: its name, its routes, and what it stops when the server stops."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp

from nootropic_lab.desk import Desk
from nootropic_lab.handlers import CapabilitiesHandler, CapabilityHandler

API = r"/nootropic/api/capabilities"


class NootropicLab(ExtensionApp):
    """Runs the verbs of Nootropic for the people who are logged in to this server."""

    name = "nootropic_lab"
    description = "Runs the verbs of Nootropic for JupyterLab."
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Make the desk, which runs the verbs."""
        assert self.serverapp is not None
        self.desk = Desk(Path(self.serverapp.root_dir))
        self.settings["nootropic_desk"] = self.desk

    def initialize_handlers(self) -> None:
        """Add the routes."""
        self.handlers.extend([(API, CapabilitiesHandler), (API + r"/([^/]+)", CapabilityHandler)])

    async def stop_extension(self) -> None:
        """Stop the verbs that still run."""
        self.desk.stop()
