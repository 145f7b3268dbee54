"""Go templates, as much of them as people write after --format. Imported only when one is used.

lex -> parse -> execute; functions are Go's built-in ones and the docker CLI's. Source: Go's text/template
documentation; what Docker 28.5.2 answered is in tests/unit/cli/template. Pure.
"""
