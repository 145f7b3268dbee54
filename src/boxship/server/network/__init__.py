"""The networks that every engine has, over HTTP."""
