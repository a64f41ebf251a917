"""The language: what is written (`ast`), how it is read (`parse`), what it means (`check` → `ir`), text semantics (`text`).

Nothing here knows arrays, files or scanners: the phases are pure functions that return `(result, diagnostics)`.
"""
