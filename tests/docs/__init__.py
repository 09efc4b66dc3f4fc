"""The documents hold: commands run, links lead somewhere, names exist, tables are complete."""
