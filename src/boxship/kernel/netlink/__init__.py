"""Links, addresses and routes of the kernel (rtnetlink(7)), without a process for each of them.

`message` is pure; `link`, `address` and `route` build requests; `socket` sends them.
"""
