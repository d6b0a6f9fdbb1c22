"""Segments outside the live flow: an offline fit of a file, its report and its pictures."""
