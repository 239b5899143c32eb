"""For all tests: as many open files as this user may have, and no clock in properties, for machines are noisy."""

from hypothesis import settings

from hotline.limits import raise_open_files

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
raise_open_files()
