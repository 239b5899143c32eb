"""For all tests: as many open files as this user may have."""

from hotline.limits import raise_open_files

raise_open_files()
