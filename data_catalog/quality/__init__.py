"""Tier two of validation: indicators of data quality, which report and never refuse."""
