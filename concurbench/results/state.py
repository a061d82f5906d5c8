"""Files that a command keeps without being told where: not in the user's tree."""

from __future__ import annotations

import os
import time
from pathlib import Path

import platformdirs


def default_path(kind: str, project: str) -> Path:
    """A new file for what a command of this kind measures of a project."""
    name = f"{project}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.json"
    return Path(platformdirs.user_state_dir("concurbench")) / kind / name
