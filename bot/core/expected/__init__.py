"""Acknowledgements: whether each still holds, and what broke it.

Imports `clusters`, `trends`, `rollup`, `entries`, `text` and `model`.
"""
