"""Configuration of the documentation site, for Sphinx."""

from __future__ import annotations

from typing import Any

from docutils.nodes import SkipNode
from docutils.utils.math import latex2mathml

import sknn_actloss

project = "sknn-actloss"
author = "The sknn_actloss developers"
copyright = "2026, The sknn_actloss developers"
version = release = sknn_actloss.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "api/backreferences", "auto_examples/*.ipynb", "auto_examples/*.py"]
templates_path = ["_templates"]
default_role = "code"
toc_object_entries_show_parents = "hide"
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(sklearn|numpy|scipy|matplotlib|joblib|rich)\..*")]

# API reference: what the public modules list in __all__, each object once.
autosummary_context = {"of_package": sknn_actloss.__all__}
autosummary_ignore_module_all = False
autosummary_imported_members = True
autodoc_typehints = "none"
numpydoc_show_class_members = False

# Pages: cells run at build, and what they print to stderr fails the build.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "inline"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True
nb_output_stderr = "remove-warn"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "download_all_examples": False,
    "backreferences_dir": "api/backreferences",
    "doc_module": ("sknn_actloss",),
    "reference_url": {"sknn_actloss": None},
}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "sknn-actloss"
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}

#: Labels of scikit-learn's user guide that inherited docstrings refer to.
LABELS = {"accuracy_score", "df_output_transform", "metadata_routing", "r2_score"}


def resolve_missing(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Find objects by their last name, and keep the text of links to scikit-learn's guide."""
    target = node.get("reftarget", "")
    is_example = target.startswith("sphx_glr_auto_examples_miscellaneous")
    if node.get("reftype") == "term" or target in LABELS or is_example:
        return contnode
    if node.get("refdomain") != "py" or "refspecific" in node:
        return None
    node["refspecific"] = True
    place = (env, node["refdoc"], app.builder, node["reftype"], target, node, contnode)
    return env.domains["py"].resolve_xref(*place)


def declare_language(app: Any, pagename: str, templatename: str, context: dict, doctree: Any):
    """Declare the language of translated pages, for browsers and search engines."""
    if pagename.startswith("zh/"):
        context["language"] = "zh-CN"


def write_formula(translator: Any, node: Any) -> None:
    """Write a formula as MathML, which browsers show without a script from elsewhere."""
    as_block = node.tagname == "math_block"
    formula = latex2mathml.tex2mathml(node.astext(), as_block=as_block)
    translator.body.append(f'<div class="formula">{formula}</div>' if as_block else formula)
    raise SkipNode


def setup(app: Any) -> None:
    """Connect the handlers and the writer of formulas."""
    app.connect("missing-reference", resolve_missing)
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
    app.connect("html-page-context", declare_language)
