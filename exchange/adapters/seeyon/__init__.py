"""致远 Seeyon A8/V5/G6, by its REST interface.

    adapter.py    its desk: a process for received documents, base forms for the rest
    settings.py   which process, which forms
    client.py     its REST interface: token, attachments, processes, form data

Received documents start a process of a template of the site's. What leaves, what people decide and what is shown of
receipts stands in three base forms (底表), which the site's own processes fill: docs/adapters/seeyon.md.
"""
