"""One verb one file: USAGE, FLAGS, ARGS (fewest, most; -1 for any) and run(context, parsed) -> exit code."""
