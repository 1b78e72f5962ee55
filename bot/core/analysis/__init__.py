"""The use case: read a window of log entries and conclude a Report.

May import every package of the core but `reports` and `issues`.
"""
