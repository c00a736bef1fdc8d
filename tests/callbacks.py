"""Calls the dashboard's callbacks as a browser does, without one."""

import json
from pathlib import Path
from typing import Any

from dashboard import Settings, create_app


class Browser:
    """Calls callbacks by the output they have."""

    def __init__(self, folder: Path) -> None:
        self.app = create_app(Settings(folder))
        self.client = self.app.server.test_client()

    def call(self, output: str, *triggered: str, **values: Any) -> Any:
        """Ask for outputs; `values` are by id and property with two underscores between them."""
        spec = next(
            c for key, c in self.app.callback_map.items() if output in key and _has(c, triggered)
        )
        given = {_named(name): value for name, value in values.items()}
        outputs = spec["output"]
        many = outputs if isinstance(outputs, list | tuple) else [outputs]
        body = {
            "output": next(k for k, c in self.app.callback_map.items() if c is spec),
            "outputs": [_place(o.component_id_str(), o.component_property) for o in many],
            "inputs": [_filled(i, given) for i in spec["inputs"]],
            "state": [_filled(s, given) for s in spec["state"]],
            "changedPropIds": list(triggered),
        }
        if not isinstance(outputs, list | tuple):
            body["outputs"] = body["outputs"][0]
        answer = self.client.post(
            "/_dash-update-component", json=body, base_url="http://127.0.0.1:8050"
        )
        assert answer.status_code in (200, 204), answer.text
        return answer.get_json() if answer.status_code == 200 else None


def _named(name: str) -> str:
    id, prop = name.split("__")
    return f"{id.replace('_', '-')}.{prop}"


def _has(spec: Any, triggered: tuple[str, ...]) -> bool:
    inputs = {f"{i['id']}.{i['property']}" for i in spec["inputs"]}
    return all(t in inputs or t.startswith("{") for t in triggered)


def _place(id: str, prop: str) -> dict[str, str]:
    return {"id": id, "property": prop}


def _filled(part: dict[str, str], given: dict[str, Any]) -> Any:
    key = f"{part['id']}.{part['property']}"
    return {**part, "value": given.get(key)}


def page(browser: Browser, path: str, search: str = "") -> str:
    """Everything on a page, as text."""
    answer = browser.call("page.children", "url.pathname", url__pathname=path, url__search=search)
    return json.dumps(answer["response"], ensure_ascii=False)
