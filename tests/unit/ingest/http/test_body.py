import gzip

import pytest

from services.ingest.http.body import gunzip
from services.ingest.reading.limits import MAX_BODY_BYTES


def test_gzip_is_read_up_to_the_limit() -> None:
    plain = b"x" * MAX_BODY_BYTES
    assert gunzip(gzip.compress(plain)) == (plain, None)


def test_a_gzip_bomb_is_cut_one_byte_beyond_the_limit() -> None:
    body = gunzip(gzip.compress(b"\0" * 50_000_000))
    assert len(body.data) == MAX_BODY_BYTES + 1
    assert body.fault is not None
    assert body.fault.code == "body_too_large"


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"",
        gzip.compress(b"{}", mtime=0)[:-1],
        gzip.compress(b"{}", mtime=0) + b"x",
        gzip.compress(b"a", mtime=0) * 2,
    ],
)
def test_a_body_that_is_not_one_whole_gzip_is_refused_with_its_raw_bytes(data: bytes) -> None:
    body = gunzip(data)
    assert body.data == data
    assert body.fault is not None
    assert body.fault.code == "gzip_invalid"
