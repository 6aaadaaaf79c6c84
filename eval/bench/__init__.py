"""Measurements that decisions rest on, run by hand; they print figures and assert nothing."""
