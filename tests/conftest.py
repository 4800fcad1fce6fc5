"""What all tests share."""

import pytest
from threadpoolctl import threadpool_limits

pytest.register_assert_rewrite("pages")


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Keep the test processes from competing for cores over matrices of a few rows."""
    with threadpool_limits(1):
        yield
