"""Blobs in an object store, over the real client, against a small server that speaks as much of S3 as blobs need."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from postern.connect.bucket import open_bucket
from postern.errors import ConfigurationError, DamagedError, StoreError

NAME = "0123456789abcdef0123456789abcdef"


class Shelf(BaseHTTPRequestHandler):
    """PUT, GET and deletion of objects by path."""

    objects: dict[str, bytes]

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200)

    def do_GET(self) -> None:
        if "list-type=2" in self.path:
            self._answer(200, self._list())
            return
        content = self.objects.get(self.path)
        self._answer(404 if content is None else 200, content or b"")

    def _list(self) -> bytes:
        """ListObjectsV2: all in one page."""
        asked = parse_qs(urlsplit(self.path).query)
        bucket = urlsplit(self.path).path.rstrip("/")
        keys = [path.removeprefix(f"{bucket}/") for path in self.objects]
        listed = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-11-23T10:00:00.000Z</LastModified><Size>1</Size></Contents>"
            for key in keys
            if key.startswith(asked.get("prefix", [""])[0])
        )
        head = '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>'
        return f"{head}{listed}</ListBucketResult>".encode()

    def do_POST(self) -> None:
        """DeleteObjects: the client deletes in bulk, even one."""
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        bucket = self.path.split("?")[0].rstrip("/")
        keys = re.findall(r"<Key>(.*?)</Key>", asked)
        for key in keys:
            self.objects.pop(f"{bucket}/{key}", None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._answer(200, f'<?xml version="1.0"?><DeleteResult>{deleted}</DeleteResult>'.encode())

    def _answer(self, status: int, content: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Mon, 23 Nov 2026 10:00:00 GMT")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    handler = type("OneShelf", (Shelf,), {"objects": {}})
    served = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{served.server_address[1]}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


def test_a_blob_is_kept_found_and_forgotten(server: ThreadingHTTPServer) -> None:
    bucket = open_bucket("s3://mails/shop")
    content = bytes(range(256)) * 1_000
    bucket.put(NAME, content)
    assert bucket.get(NAME) == content
    assert open_bucket("s3://mails/shop").get(NAME) == content
    bucket.remove(NAME)
    bucket.remove(NAME)
    with pytest.raises(DamagedError):
        bucket.get(NAME)
    assert server.server_address[0] == "127.0.0.1"


def test_blobs_are_listed_with_their_time_and_nothing_else_in_the_bucket_is(server: ThreadingHTTPServer) -> None:
    bucket, beside = open_bucket("s3://mails/shop"), open_bucket("s3://mails")
    bucket.put(NAME, b"sealed")
    beside.put(NAME.replace("0", "f"), b"another's")
    bucket.put("README", b"not a blob")
    assert list(bucket.names()) == [(NAME, datetime(2026, 11, 23, 10, tzinfo=UTC))]
    assert server.server_address[0] == "127.0.0.1"


def test_a_store_that_is_away_is_a_store_error(server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_RETRIES", "0")
    bucket = open_bucket("s3://mails/shop")
    server.shutdown()
    server.server_close()
    with pytest.raises(StoreError):
        bucket.put(NAME, b"x")
    with pytest.raises(StoreError):
        bucket.get(NAME)
    with pytest.raises(StoreError):
        list(bucket.names())


def test_a_url_that_is_no_object_store_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"blobs\.url"):
        open_bucket("s4://mails/shop")
