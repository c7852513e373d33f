"""Puts a build of the logic into the wheel (compile_logic.py).

TIERFLOW_WHEEL=pure leaves it out, and compiled insists on it; else it is in where this machine can compile.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
from compile_logic import CannotCompileError, build


class CompiledLogic(BuildHookInterface[Any]):
    """Makes a wheel one for this Python and system."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the build to a wheel's files. version: "editable" of a checkout, which `make compiled` compiles."""
        wanted = os.environ.get("TIERFLOW_WHEEL", "")
        if version == "editable" or wanted == "pure":
            return
        try:
            folder = build()
        except CannotCompileError as error:
            if wanted == "compiled":
                raise
            self.app.display_warning(f"the wheel is not compiled: {error}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"][str(folder)] = f"streams/builds/{folder.name}"
