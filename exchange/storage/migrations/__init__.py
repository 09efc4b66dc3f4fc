"""The steps from one schema to the next, by kind of database. `exchange.storage.migrate` runs them."""
