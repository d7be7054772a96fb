"""One cluster for all tests of this folder."""

from collections.abc import Iterator

import pytest

from . import cluster


@pytest.fixture(scope="session", autouse=True)
def slurm() -> Iterator[None]:
    """Start the cluster and stop it; one that was started by hand is used and left alone."""
    reason = cluster.why_not()
    if reason:
        pytest.skip(f"no Slurm to test on: {reason}")
    if cluster.running():
        yield
        return
    try:
        cluster.start()
        yield
    finally:
        cluster.stop()
