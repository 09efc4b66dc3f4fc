"""The domain's values: frozen, standard library only, valid once they exist.

    unit.py       units, their codes, kinds and levels
    numbers.py    发文字号, 统一社会信用代码, 公文标识: syntax and check characters
    document.py   the 18 metadata elements and business kinds
    envelope.py   what a sender signs
    events.py     what can happen to a document at one recipient, and who may say so
    receipt.py    what anybody else signs
    fold.py       a set of receipts -> transport and business state

No I/O, no clock, no XML. Imports `exchange.errors` alone.
"""
