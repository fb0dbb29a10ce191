"""The Uptrends emulator: a local stand-in for the account API of Uptrends."""

import os
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

__all__ = ["__version__", "binary_path"]

_DISTRIBUTION = distribution("uptrends-emulator")

__version__: str = _DISTRIBUTION.version


def binary_path() -> Path:
    """Return the path of the emulator's binary, wherever the package is installed.

    Raises:
        FileNotFoundError: The package is installed without its binary.
    """
    name = "uptrends-emulator" + (".exe" if os.name == "nt" else "")
    # The installer's list of files is right for virtual environments, `--user` and `--prefix`. `pip install --target` moves
    # the scripts after writing it, and Linux distributions may leave it out of their packages.
    candidates = [Path(str(file.locate())) for file in _DISTRIBUTION.files or [] if file.name == name]
    candidates.append(Path(__file__).parents[1] / "bin" / name)
    candidates.append(Path(sysconfig.get_path("scripts")) / name)
    for path in candidates:
        if path.is_file():
            return path.resolve()
    searched = ", ".join(str(path) for path in candidates)
    raise FileNotFoundError(f"the binary of uptrends-emulator is not installed; searched {searched}")
