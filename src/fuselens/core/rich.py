"""How notebooks show results: the result's own picture, in the page."""

from __future__ import annotations

import base64
import io
from typing import Any


class ShownInNotebooks:
    """Gives a result with `plot()` the picture that notebooks ask for; others say what their PNG is by `_png`."""

    def _png(self) -> bytes:
        file = io.BytesIO()
        figure: Any = self.plot()  # type: ignore[attr-defined]
        figure.savefig(file, format="png", dpi=100)
        return file.getvalue()

    def _repr_html_(self) -> str:
        data = base64.b64encode(self._png()).decode("ascii")
        return f'<img src="data:image/png;base64,{data}" alt="{type(self).__name__}" style="max-width: 100%">'
