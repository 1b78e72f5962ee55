"""The values that every other package may use, the error family, and how both are stored as JSON.

Frozen dataclasses and enums without behaviour that needs anything else. Imports nothing of ours.
"""
