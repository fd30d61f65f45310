"""dbt's documentation of a home: a page with lineage, SQL, descriptions, columns and sizes, readable without internet.

Belongs here: building the page. Does not belong here: the descriptions (`dbt_project/`). None is written twice: a macro
is described by the comment above it, else by the one that opens its file; the columns of what a mart publishes
unchanged (`meta: {columns_as: <mart>}`) are described by that mart.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from orchestration import relations
from orchestration.confinement import opened
from orchestration.dbt import Dbt

_COMMENT_ABOVE = re.compile(r"\{#-?((?:(?!#\}).)*?)-?#\}\s*\{%-?\s*(?:macro|test)\s+(\w+)", re.DOTALL)
_OPENING_COMMENT = re.compile(r"\A\s*\{#-?(.*?)-?#\}", re.DOTALL)


def build(dbt: Dbt) -> Path:
    """Write `<home>/dbt_docs/index.html` anew, at once. Returns its path; raises DbtError.

    The warehouse must be held by the caller (`Warehouse.exclusive`): the columns and sizes are those that are in it.
    """
    page = dbt.settings.dbt_docs / "index.html"
    draft = dbt.settings.work / "dbt_docs"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        manifest = described(dbt.manifest, dbt.project, _built_columns(dbt.settings.warehouse_path))
        (draft / "manifest.json").write_text(json.dumps(manifest))
        dbt.document(draft)
        page.parent.mkdir(exist_ok=True)
        os.replace(draft / "static_index.html", page)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return page


def described(manifest: Mapping[str, Any], project: Path, built: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The manifest with what is described elsewhere: by comments above macros, and by marts of the same columns.

    `built` holds the columns of the relations in the warehouse, `schema.name` -> column -> type.
    """
    return {
        **manifest,
        "nodes": _with_columns(manifest["nodes"], built),
        "macros": _with_comments(manifest["macros"], project),
    }


def _with_columns(nodes: Mapping[str, Any], built: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    by_name = {node["name"]: node for node in nodes.values()}
    result = dict(nodes)
    for key, node in nodes.items():
        if mart := by_name.get(node["config"].get("meta", {}).get("columns_as")):
            own = built.get(f"{node['schema']}.{node['name']}", {})
            taken = {name: column for name, column in mart["columns"].items() if name in own}
            result[key] = {**node, "columns": {**taken, **node["columns"]}}
    return result


def _built_columns(warehouse: Path) -> dict[str, dict[str, str]]:
    with opened(warehouse, read_only=True) as connection:
        return relations.columns(connection)


def _with_comments(macros: Mapping[str, Any], project: Path) -> dict[str, Any]:
    comments = comments_of({macro["original_file_path"] for macro in macros.values()}, project)
    return {
        key: {**macro, "description": macro["description"] or comments.get((macro["original_file_path"], name), "")}
        for key, macro in macros.items()
        for name in [macro["name"].removeprefix("test_")]
    }


def comments_of(files: Iterable[str], project: Path) -> dict[tuple[str, str], str]:
    """By file and macro, the comment above the macro, else the one that opens the file."""
    found = {}
    for file in files:
        if not (project / file).is_file():  # a macro of dbt's own
            continue
        sql = (project / file).read_text()
        opening = _OPENING_COMMENT.match(sql)
        for name in re.findall(r"\{%-?\s*(?:macro|test)\s+(\w+)", sql):
            found[file, name] = opening[1] if opening else ""
        found |= {(file, name): comment for comment, name in _COMMENT_ABOVE.findall(sql)}
    return {key: " ".join(comment.split()) for key, comment in found.items()}
