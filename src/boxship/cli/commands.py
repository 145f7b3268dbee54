"""Which module runs which command. The table is all that is known before a verb's module is imported.

A verb's module, `boxship.cli.<name>`, has: USAGE (after the program's and the command's name), ABOUT, FLAGS, ARGS (the
fewest and the most arguments, -1 for any number), INTERSPERSED where flags may not follow arguments, COMPLETES (what
its arguments are, see complete/candidates.py), and `run(cli, parsed) -> exit code`.
"""

# verb -> (module, what `boxship --help` says)
VERBS = {
    "attach": ("attach", "Attach your terminal's input and output to a running container"),
    "commit": ("commit", "Make an image of what a container has changed"),
    "completion": ("completion", "Print the completion script of a shell"),
    "cp": ("cp", "Copy files or folders out of a container or into one"),
    "create": ("create", "Make a container without starting it"),
    "diff": ("diff", "Show what a container has changed in its image's files"),
    "events": ("events", "Print what happens in the engine, as it happens"),
    "exec": ("exec", "Run one more command inside a running container"),
    "export": ("export", "Write a container's files as a tar archive"),
    "history": ("history", "Show the history of an image"),
    "images": ("images", "List images"),
    "import": ("import_", "Make an image from a tar archive of a file system"),
    "info": ("info", "Show what the engine is and how it is set up"),
    "inspect": ("inspect", "Show everything that is known about containers or images"),
    "kill": ("kill", "Send a signal to containers, KILL unless another is named"),
    "load": ("load", "Read images from an archive that save wrote"),
    "login": ("login", "Log in to a registry, Docker Hub unless another is named"),
    "logout": ("logout", "Forget the credentials of a registry"),
    "logs": ("logs", "Show what a container has written"),
    "pause": ("pause", "Freeze all processes of containers"),
    "ps": ("ps", "List containers"),
    "pull": ("pull", "Bring an image from a registry"),
    "push": ("push", "Send an image to a registry"),
    "rename": ("rename", "Give a container another name"),
    "restart": ("restart", "Stop containers and start them again"),
    "rm": ("rm", "Remove containers"),
    "rmi": ("rmi", "Remove images"),
    "run": ("run", "Make a container from an image and start it"),
    "save": ("save", "Write images as one tar archive"),
    "search": ("search", "Search Docker Hub, or another registry"),
    "setup": ("setup", "Make the daemon a service of this machine, or undo that"),
    "start": ("start", "Start containers that are stopped"),
    "stop": ("stop", "Stop running containers"),
    "tag": ("tag", "Give an image one more name"),
    "top": ("top", "Show the processes of a running container"),
    "unpause": ("unpause", "Let paused containers go on"),
    "update": ("update", "Change limits and restart policy of containers"),
    "version": ("version", "Show the versions of client and engine"),
    "wait": ("wait", "Wait until containers stop and print their exit codes"),
}

# group -> (what help says, subcommand -> module)
GROUPS = {
    "container": (
        "Manage containers",
        {
            "attach": "attach",
            "commit": "commit",
            "cp": "cp",
            "create": "create",
            "diff": "diff",
            "exec": "exec",
            "export": "export",
            "inspect": "inspect_container",
            "kill": "kill",
            "list": "ps",
            "logs": "logs",
            "ls": "ps",
            "pause": "pause",
            "prune": "container_prune",
            "ps": "ps",
            "remove": "rm",
            "rename": "rename",
            "restart": "restart",
            "rm": "rm",
            "run": "run",
            "start": "start",
            "stop": "stop",
            "top": "top",
            "unpause": "unpause",
            "update": "update",
            "wait": "wait",
        },
    ),
    "builder": ("Manage builds", {"prune": "builder_prune"}),
    "image": (
        "Manage images",
        {
            "diff": "image_diff",
            "history": "history",
            "import": "import_",
            "inspect": "inspect_image",
            "list": "images",
            "load": "load",
            "ls": "images",
            "prune": "image_prune",
            "pull": "pull",
            "push": "push",
            "remove": "rmi",
            "rm": "rmi",
            "save": "save",
            "tag": "tag",
        },
    ),
    "network": ("Manage networks", {"prune": "network_prune"}),
    "system": (
        "Manage the engine",
        {"df": "system_df", "events": "events", "info": "info", "prune": "system_prune"},
    ),
    "volume": ("Manage volumes", {"prune": "volume_prune"}),
}

# Docker's second names of one subcommand: they work, help names them as aliases only.
HIDDEN = frozenset(("list", "ps", "remove"))
