"""Code on pages in Markdown: blocks with what they print, and cells that run when built."""

import contextlib
import io
import re

from threadpoolctl import threadpool_limits

BLOCK = re.compile(
    r"```(?:python|\{code-cell\} python)\n(.*?)```(?:\n\n```text\n(.*?)```)?", flags=re.DOTALL
)
OPTIONS = re.compile(r"\A(:.*\n)+\n?")
INLINE = re.compile(r"\{eval\}`([^`]+)`")


def blocks(page):
    """Return pairs of the code of a block and what it prints, None where the page does not say."""
    found = [(OPTIONS.sub("", code), shown or None) for code, shown in BLOCK.findall(page)]
    assert len(found) == page.count("```python\n") + page.count("```{code-cell} python\n")
    return found


def text(page):
    """Return a page without its blocks of code."""
    return BLOCK.sub("", page)


def run(page, name, namespace=None):
    """Run the code of a page from top to bottom and compare what it prints with the page."""
    namespace = {"__name__": "page"} if namespace is None else namespace
    for code, shown in blocks(page):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), threadpool_limits(1):
            exec(compile(code, name, "exec"), namespace)
        if shown is not None:
            assert printed.getvalue() == shown
    for expression in INLINE.findall(page):
        assert str(eval(expression, namespace))
    return namespace
