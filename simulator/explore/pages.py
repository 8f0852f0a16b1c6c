"""The page laid out: what templates are given, and what becomes of an error."""

from dataclasses import replace
from importlib import resources
from typing import Any, Final
from urllib.parse import urlencode

from simulator.answers.groups.estimate import names_in
from simulator.errors import ScenarioError, SimulatorError
from simulator.explore import library, settings
from simulator.explore.explorer import FINE, QUICK, Explorer
from simulator.explore.safety import ENTER, KEY, Keys, pairs_of
from simulator.explore.settings import Asked, Pairs
from simulator.messages import nearest, quote
from simulator.plots.words import plain

BAD: Final = 422  # what is asked cannot be answered
GROUPS: Final = {"type": "Types", "system": "Systems"}


class Pages:
    """Lays out the answers of one server."""

    def __init__(self, explorer: Explorer, keys: Keys) -> None:
        self.explorer, self.keys = explorer, keys
        jinja2 = library.jinja2()
        self._room = jinja2.Environment(
            loader=jinja2.PackageLoader("simulator.explore"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def file(self, name: str) -> str:
        """Read a file that a page needs."""
        place = resources.files("simulator.explore") / "templates" / name
        return place.read_text(encoding="utf-8")

    def door(self) -> str:
        """Lay out the file that takes the code to the server."""
        action, code = f"{self.keys.origin}{ENTER}", self.keys.code
        return self._laid_out("door.html", action=action, code=code)

    def shell(self, pairs: Pairs, said: str = "") -> str:
        """Lay out the page of who is not let in; a link's settings wait in it."""
        given = dict(pairs)
        link = given.get("link") or urlencode(
            [(name, value) for name, value in pairs if name not in ("code", KEY)]
        )
        return self._laid_out("shell.html", link=link, said=said, stopped=False)

    def stopped(self) -> str:
        """Lay out the last page."""
        return self._laid_out("shell.html", link="", said="Stopped.", stopped=True)

    def page(self, pairs: Pairs, draws: int, *, whole: bool = True) -> tuple[str, int]:
        """Lay out the fields and the answer; the whole page, or what a script swaps."""
        asked, error = self._asked(pairs)
        found = self._answered(asked, draws, "", error)
        given = self._of_fields(found["asked"]) | found
        rows = found["view"].rows if found["view"] else ()
        given["pictured"] = [row.target for row in rows] or asked.targets
        name = "page.html" if whole else "main.html"
        return self._laid_out(name, **given), BAD if found["error"] else 200

    def answer(self, pairs: Pairs, draws: int) -> tuple[str, int]:
        """Lay out the answer alone."""
        asked, error = self._asked(pairs)
        found = self._answered(asked, draws, dict(pairs).get("tab", ""), error)
        return self._laid_out("answer.html", **found), BAD if found["error"] else 200

    def sources(self, pairs: Pairs, said: str = "") -> tuple[str, int]:
        """Lay out the page that asks for the source of each number."""
        try:
            asked = self.explorer.complete(settings.read(pairs))
            self.explorer.loaded(asked)
            keys = settings.to_be_sourced(asked, self.explorer.base)
        except SimulatorError as error:
            return self.shell([], str(error)), BAD
        given = settings.names_of(pairs, "source.")
        html = self._laid_out(
            "sources.html",
            key=self.keys.key,
            pairs=pairs_of(settings.query(asked).encode()),
            name=dict(pairs).get("name", "my-scenario"),
            sources=[(key, given.get(key, "")) for key in keys],
            said=said,
        )
        return html, BAD if said else 200

    def scenario(self, pairs: Pairs) -> tuple[str, str]:
        """Write the scenario file that is asked for: its name and its text."""
        asked = self.explorer.complete(settings.read(pairs))
        self.explorer.loaded(asked)
        name = settings.checked_name(dict(pairs).get("name", ""))
        place, base = self.explorer.source, self.explorer.base
        given = settings.names_of(pairs, "source.")
        return name, settings.scenario_file(place, asked, base, name, given)

    # --- what is asked, and what comes of it ------------------------------------------

    def _asked(self, pairs: Pairs) -> tuple[Asked, str]:
        """Read what is asked and do what a button says; with what is wrong with it."""
        todo, given = dict(pairs).get("do", ""), dict(pairs)
        if todo == "reset":
            return self.explorer.begin, ""
        asked = Asked()
        try:
            asked = settings.read(pairs)
            if todo == "pin":
                asked = replace(asked, pinned=settings.pin(asked))
            elif todo == "unpin":
                asked = replace(asked, pinned=None)
            elif wanted := given.get("add", "").strip():
                self._check_key(wanted)
                asked = replace(asked, shown=(*asked.shown, wanted))
            asked = self.explorer.complete(asked)
        except SimulatorError as error:
            return asked, str(error)
        return asked, ""

    def _check_key(self, key: str) -> None:
        if key not in self.explorer.fields:
            remedy = nearest(key, self.explorer.fields, "such as")
            raise ScenarioError(quote(key), "is no key that can be changed", remedy)

    def _answered(
        self, asked: Asked, draws: int, tab: str, error: str
    ) -> dict[str, Any]:
        view = None
        if not error:
            try:
                asked, view = self.explorer.view(asked, draws, tab)
            except SimulatorError as wrong:
                error = str(wrong)
        query = settings.query(asked)
        command = ""
        if view is not None:
            place, base = self.explorer.place, self.explorer.base
            command = settings.command(place, asked, base)
        return {
            "asked": asked,
            "view": view,
            "error": error,
            "link": f"{self.keys.origin}/?{query}",
            "command": command,
            "draws": draws,
        }

    def _of_fields(self, asked: Asked) -> dict[str, Any]:
        explorer = self.explorer
        scenario = explorer.base.scenario
        changed = dict(asked.changes)
        named = dict.fromkeys((*explorer.first, *changed, *asked.shown))
        fields = [explorer.fields[key] for key in named if key in explorer.fields]
        return {
            "key": self.keys.key,
            "title": scenario.title,
            "about": scenario.about,
            "place": str(explorer.place),
            "fields": [(one, changed.get(one.key, "")) for one in fields],
            "first": explorer.first,
            "others": [one for key, one in explorer.fields.items() if key not in named],
            "targets": explorer.names,
            "groups": self._groups(),
            "quick": QUICK,
            "fine": FINE,
        }

    def _groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """List whose chances can be asked for: label, then value and words of each."""
        return [
            (
                label,
                [
                    (f"{by}:{name}", plain(name))
                    for name in names_in(self.explorer.population, by)
                ],
            )
            for by, label in GROUPS.items()
        ]

    def _laid_out(self, template: str, **given: Any) -> str:
        return str(self._room.get_template(template).render(**given))
