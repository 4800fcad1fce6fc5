"""The threads of BLAS while ours are at work."""

from sknn_actloss._sklearn import threadpool_controller
from sknn_actloss.training.blas import n_blas_threads, products_on_one_thread


def limits():
    return [library["num_threads"] for library in threadpool_controller().info()]


def test_products_have_their_threads_back_afterwards():
    before = limits()
    first, second = products_on_one_thread(), products_on_one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    blas = threadpool_controller().select(user_api="blas").info()
    assert {library["num_threads"] for library in blas} == {1}
    assert n_blas_threads() == 1
    second.__exit__(None, None, None)
    assert limits() == before
