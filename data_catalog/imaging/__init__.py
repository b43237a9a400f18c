"""Scans of brain and spinal cord: checked at ingest, held in the vault in one normal form, exposed to projects."""
