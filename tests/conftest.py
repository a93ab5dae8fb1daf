"""What holds for all tests: none of them asserts a wall-clock time, so no example of a property has a deadline."""

from hypothesis import settings

settings.register_profile("journey", deadline=None)
settings.load_profile("journey")
