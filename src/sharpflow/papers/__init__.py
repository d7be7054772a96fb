"""The numbers that the two papers print, as tables that say where each stands.

Each CSV lies beside the module that reads it and has its name.
"""
