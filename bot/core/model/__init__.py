"""The values that every other package may use, the error family, and the JSON codec.

Frozen dataclasses and enums with no dependencies. Imports no other package of ours.
"""
