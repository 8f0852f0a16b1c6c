"""A scenario written out: in full as TOML, and its form as a JSON Schema."""

from typing import Any, Final

from simulator.scenario import toml as toml_text
from simulator.scenario.keys import EXTENDS, SOURCE, SOURCE_SCHEMA
from simulator.scenario.load import Loaded
from simulator.scenario.model import Scenario
from simulator.scenario.sources import Origin

WRITTEN_WHOLE: Final = ("Target", "BalancingItem")  # a list is replaced, not merged


def resolved_toml(loaded: Loaded) -> str:
    """Write a scenario out in full: every value, its source and the layer that set it.

    Read as a scenario, the text gives an equal one.
    """
    marks = {
        path: toml_text.Mark(source=origin.key or origin.source, note=_note(origin))
        for path, origin in loaded.origins.items()
    }
    return toml_text.write(loaded.tree, marks)


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of a scenario file, for editors.

    A key may be left out where a lower layer sets it, so that hardly any is required.
    """
    schema = Scenario.model_json_schema()
    schema["properties"] = {
        EXTENDS: {
            "type": "string",
            "description": "A packaged scenario or the path of a file; what is not "
            "said here is taken from there.",
        },
        **schema["properties"],
    }
    for name, table in [("Scenario", schema), *schema["$defs"].items()]:
        if name not in WRITTEN_WHOLE:
            table.pop("required", None)
        for part in table["properties"].values():
            for form in (part, *part.get("anyOf", ())):
                if "propertyNames" in form:  # names of the analyst's own, and a source
                    form["properties"] = {SOURCE: SOURCE_SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Scenario",
        "description": "One set of assumptions to simulate.",
    }


def _note(origin: Origin) -> str:
    return f"{origin.layer}, grade {origin.grade}" if origin.grade else origin.layer
