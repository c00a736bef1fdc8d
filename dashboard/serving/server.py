"""The web server: waitress, on one address, from start to close."""

from __future__ import annotations

import logging
import socket
import threading
from urllib.parse import urlencode

import dash
import waitress

from .security import check_address, in_url
from .settings import Settings

N_THREADS = 8  # requests that are worked on at once


class Server:
    """Serves a dashboard on the address of its settings.

    The address is taken when the server is made, so that `url` can be told and opened before `run`.

    Parameters
    ----------
    app : dash.Dash
        The dashboard, guarded by `protect`.
    settings : Settings
        Address, token and limits.

    Attributes
    ----------
    url : str
        What a browser on this machine opens, with the token where there is one.

    Raises
    ------
    ValueError
        The address cannot be had, or other machines are served without a token.
    """

    def __init__(self, app: dash.Dash, settings: Settings) -> None:
        check_address(settings)
        taken = _take(settings)
        self.url = _url(settings, taken.getsockname()[1])
        self._sockets: dict = {}  # waitress keeps in it all that is open
        self._waitress = waitress.create_server(
            app.server,
            map=self._sockets,
            sockets=[taken],
            threads=N_THREADS,
            ident=None,
            max_request_body_size=settings.largest_request + 1,  # it refuses this size itself
            trusted_proxy=None,
            clear_untrusted_proxy_headers=True,
        )
        # A page asks for more at once than there are threads; that is no news.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._lock = threading.RLock()
        self._is_running = self._is_closing = False

    def run(self) -> None:
        """Serve until `close` or a keyboard interrupt."""
        with self._lock:
            self._is_running = not self._is_closing
        try:
            while not self._is_closing:
                self._waitress.asyncore.loop(1, use_poll=True, map=self._sockets, count=1)
        except KeyboardInterrupt:
            pass
        finally:
            self._release()

    def close(self) -> None:
        """Stop serving; from any thread, any number of times."""
        with self._lock:
            self._is_closing = True
            if self._is_running:
                self._waitress.pull_trigger()
            else:
                self._release()

    def _release(self) -> None:
        with self._lock:
            self._is_running, self._is_closing = False, True
            self._waitress.task_dispatcher.shutdown()
            for channel in list(self._waitress.active_channels.values()):
                channel.handle_close()  # `close` would leave what waits to be sent in its files
            # Last opened, first closed: a thread that still answers wakes the loop by the first.
            for opened in reversed(list(self._sockets.values())):
                opened.close()


def _take(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.getaddrinfo(settings.host, settings.port)  # before there is a socket to leave open
        return socket.create_server((settings.host, settings.port), family=family)
    except (OSError, ValueError) as error:  # what is no address can be any of them
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"cannot listen on port {settings.port} of '{settings.host}' ({reason}): "
            "choose another with --port or --host; port 0 takes any free one"
        ) from error


def _url(settings: Settings, port: int) -> str:
    """Wildcards are no addresses to go to; this machine is behind them, too."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    query = f"?{urlencode({'token': settings.token})}" if settings.token else ""
    return f"http://{in_url(host)}:{port}/{query}"
