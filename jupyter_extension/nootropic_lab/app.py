"""The extension of the Jupyter server: its name, its routes, and what it stops when the server stops."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp

from nootropic_lab.desk import Desk
from nootropic_lab.event_handler import EventsHandler
from nootropic_lab.events import Events
from nootropic_lab.handlers import CapabilitiesHandler, CapabilityHandler, PlaceHandler, UnknownRouteHandler
from nootropic_lab.line_handlers import CompleteHandler, ParseHandler
from nootropic_lab.run_handlers import AnswerHandler, RunHandler, RunsHandler
from nootropic_lab.runs import Runs

API = r"/nootropic/api"


class NootropicLab(ExtensionApp):
    """Runs the verbs of Nootropic for the people who are logged in to this server."""

    name = "nootropic_lab"
    description = "Runs the verbs of Nootropic for JupyterLab."
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Make what runs the verbs and what tells of them."""
        assert self.serverapp is not None
        self.desk = Desk(Path(self.serverapp.root_dir))
        self.events = Events()
        self.runs = Runs(self.desk, self.events.tell, self.events.look_soon)
        self.settings["nootropic_desk"] = self.desk
        self.settings["nootropic_events"] = self.events
        self.settings["nootropic_runs"] = self.runs

    def initialize_handlers(self) -> None:
        """Add the routes."""
        self.handlers.extend(
            [
                (API + r"/capabilities", CapabilitiesHandler),
                (API + r"/capabilities/([^/]+)", CapabilityHandler),
                (API + r"/runs", RunsHandler),
                (API + r"/runs/([^/]+)", RunHandler),
                (API + r"/runs/([^/]+)/answer", AnswerHandler),
                (API + r"/events", EventsHandler),
                (API + r"/place", PlaceHandler),
                (API + r"/complete", CompleteHandler),
                (API + r"/parse", ParseHandler),
                (API + r"(?:/.*)?", UnknownRouteHandler),
            ]
        )

    async def stop_extension(self) -> None:
        """Stop the verbs that still run, and tell nobody any more."""
        self.desk.stop()
        self.runs.stop()
        await self.events.stop()
