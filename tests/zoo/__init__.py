"""The zoo of deliberate bugs: each is put into a copy of the source, and something must catch it.

    bugs.py    the bugs, each a change of one line or a few
    cage.py    the copy, and what is run in it
    catch.py   runs in the copy: crash points and seeds until one fails

`python -m tests.zoo` prints what caught each bug, after how many seeds. A bug that survives fails the run: then the
tests are too weak to notice that it is there.
"""
