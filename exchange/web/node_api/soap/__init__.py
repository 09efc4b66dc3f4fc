"""The node's interface for office systems that can only call a web service: twelve verbs, one WSDL, SOAP 1.1.

    records.py   what is asked and answered in JSON, as records of the WSDL
    verbs.py     the verbs: what each takes and gives
    work.py      what each does
    route.py     the address: who asks, done once, what goes wrong

It stands beside the HTTP of `exchange.web.node_api`: the same tokens, scopes and limits, the same shapes, the same
services. Not here: XML (`exchange.codec.soap`, `exchange.codec.wsdl`).
"""
