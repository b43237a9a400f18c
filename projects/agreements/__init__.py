"""Agreements and money: contracts of industry, agreements about one project, and its fee."""
