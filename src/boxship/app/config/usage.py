"""What `boxship daemon --help` prints."""

from boxship.app.config.values import CONFIG_FILE, LEVELS
from boxship.runtime.runtimes import BUILT_IN

HELP = f"""Usage:  boxship daemon [OPTIONS]

Run the engine in the foreground. Containers go on running when it ends.

Options:
      --add-runtime N=PATH  OCI runtime that containers may name, may be given again (crun and runc are found on PATH)
      --cgroup-parent GROUP Where containers' control groups go that ask for no place of their own
      --config FILE         Configuration file (default "{CONFIG_FILE}")
      --data-root FOLDER    What must survive (default "/var/lib/boxship")
  -D, --debug               Say more
      --default-cgroupns-mode MODE
                            host or private (default: private with cgroup v2, host else)
      --default-ipc-mode MODE
                            private or shareable (default "private")
      --default-runtime N   What runs containers that name no runtime (default "{BUILT_IN}")
      --default-shm-size SIZE
                            Of /dev/shm (default 64M)
      --default-ulimit NAME=SOFT[:HARD]
                            Limit of containers that set none, may be given again
      --exec-opt KEY=VALUE  native.cgroupdriver=systemd or cgroupfs: who makes control groups
                            (default: systemd where it runs with cgroup v2)
  -G, --group NAME          Group that may use the socket (default "boxship", where there is one)
  -H, --host ADDRESS        unix:///path or tcp://address:port, may be given again
                            (default "unix://<run-root>/boxship.sock")
      --http-proxy URL      Proxy for registries that speak plain HTTP (default: $HTTP_PROXY)
      --https-proxy URL     Proxy for registries (default: $HTTPS_PROXY)
      --init                Run an init in containers to forward signals and reap processes
      --init-path FILE      That init (default: the first of docker-init, tini-static, catatonit)
      --insecure-registry R Take any certificate of this host or network, and plain HTTP; may be given again
      --label KEY=VALUE     What `info` shows of this engine, may be given again
      --live-restore        Containers outlive the daemon: always so, accepted for dockerd's sake
      --log-driver NAME     Where containers log that ask for nothing else (default "local")
      --log-level LEVEL     {", ".join(LEVELS)} (default "info")
      --log-opt KEY=VALUE   Option of that log driver, may be given again
      --max-concurrent-downloads N
                            Layers that a pull fetches at once (default 3)
      --max-concurrent-uploads N
                            Layers that a push sends at once (default 5)
      --no-new-privileges   Containers' processes gain none, unless one is told otherwise
      --no-proxy LIST       Hosts that are reached without a proxy (default: $NO_PROXY)
      --pidfile FILE        Write the process id there
      --registry-mirror URL Where to ask first for what lies on Docker Hub, may be given again
                            (for other registries: [registry."HOST"] in the configuration file)
      --run-root FOLDER     What lasts until the machine restarts (default "/run/boxship")
      --seccomp-profile P   What containers may ask of the kernel: a file, builtin or unconfined (default "builtin")
      --selinux-enabled     Give containers SELinux labels
      --shutdown-timeout N  Seconds that the end waits for what is under way, -1 for ever (default 15); containers
                            go on running
      --snapshotter NAME    How images are kept: erofs, erofs-loop or folders (default: the first that works here)
      --tls                 Speak TLS on tcp:// and let any client in: on the loopback only
      --tlscacert FILE      Certificates that sign the clients'
      --tlscert FILE        Certificate of this daemon
      --tlskey FILE         Its key
      --tlsverify           Speak TLS on tcp:// and let in clients with a certificate of --tlscacert
"""
