"""Write ``aft/cloudformation/resource_types.json`` from the schemas of a cfn-lint wheel.

``python -m tests.resource_types WHEEL``: cfn-lint is needed for this alone, so it is no dependency.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from zipfile import ZipFile

TABLE = Path(__file__).parents[1] / "aft" / "cloudformation" / "resource_types.json"
_SCHEMAS = "cfnlint/data/schemas/"


def table_of(wheel: Path) -> dict[str, object]:
    """The day of the schemas, and the paths of every type that has some."""
    types: dict[str, list[list[str]]] = {}
    with ZipFile(wheel) as archive:
        version = json.loads(archive.read(f"{_SCHEMAS}version.json"))
        for name in archive.namelist():
            if not name.startswith(f"{_SCHEMAS}resources/") or not name.endswith(".json"):
                continue
            schema = json.loads(archive.read(name))
            types[schema["typeName"]] = [
                sorted({path.removeprefix("/properties/") for path in schema.get(key, ())})
                for key in ("createOnlyProperties", "conditionalCreateOnlyProperties")
            ]
    return {"date": version["schema_date"][:10], "types": dict(sorted(types.items()))}


if __name__ == "__main__":
    table = table_of(Path(sys.argv[1]))
    rows = ",\n".join(
        f"{json.dumps(name)}:{json.dumps(paths, separators=(',', ':'))}"
        for name, paths in table["types"].items()
    )
    TABLE.write_text(f'{{"date":{json.dumps(table["date"])},"types":{{\n{rows}\n}}}}\n')
