"""Contracts of industry: three years that cover several studies, and stop them all when they end."""
