"""The door for whoever collects the numbers: plain HTTP on a port of its own, in threads of its own."""

from collections.abc import Callable
from wsgiref.simple_server import WSGIServer

from prometheus_client import start_http_server

from postern.errors import ConfigurationError
from postern.metrics.meter import Meter


def open_door(meter: Meter, host: str, port: int) -> tuple[Callable[[], None], int]:
    """Listen. Answers what closes it, and the port. Raises ConfigurationError where nothing can listen there."""
    try:
        server, thread = start_http_server(port, host, meter.registry)
    except OSError as error:
        raise ConfigurationError(f"metrics.listen: {host}:{port} cannot be used: {error.strerror}") from None

    def close() -> None:
        _stop(server)
        thread.join()

    return close, int(server.server_port)


def _stop(server: WSGIServer) -> None:
    server.shutdown()
    server.server_close()
