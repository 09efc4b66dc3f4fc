"""致远 Seeyon A8/V5/G6, by its REST interface.

    adapter.py    what goes into its forms and comes out of them
    settings.py   which forms, which fields
    client.py     its REST interface: token, attachments, processes, form data

Received documents start a process of a template of the site's. What leaves, what people decide and what is shown of
receipts stands in three base forms (底表), which the site's own processes fill: docs/adapters/seeyon.md.
"""
