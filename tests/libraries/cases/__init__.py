"""One file a library: the files of an attack and of ordinary use, and the ways in which they are loaded.

`LOADERS` are the loaders that it is about, `DISTRIBUTION` is what was installed, `ATTACK` says what the hostile file
does, `make(folder, marker)` writes the files (hostile ones where there is a marker to leave), `ways()` imports the
library and gives its functions by name, each with its file, and with what a person can compare as the result.
"""
