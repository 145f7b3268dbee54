"""System calls of x32, without the bit 0x40000000 that marks its calls, Linux 7.2 (made by tools/syscalls.py)."""

TABLE = """
0 read write open close stat fstat lstat poll lseek mmap mprotect munmap brk - rt_sigprocmask - -
17 pread64 pwrite64 - - access pipe select sched_yield mremap msync mincore madvise shmget shmat shmctl
32 dup dup2 pause nanosleep getitimer alarm setitimer getpid sendfile socket connect accept sendto - -
47 - shutdown bind listen getsockname getpeername socketpair - - clone fork vfork - exit wait4 kill
63 uname semget semop semctl shmdt msgget msgsnd msgrcv msgctl fcntl flock fsync fdatasync truncate
77 ftruncate getdents getcwd chdir fchdir rename mkdir rmdir creat link unlink symlink readlink chmod
91 fchmod chown fchown lchown umask gettimeofday getrlimit getrusage sysinfo times - getuid syslog
104 getgid setuid setgid geteuid getegid setpgid getppid getpgrp setsid setreuid setregid getgroups
116 setgroups setresuid getresuid setresgid getresgid getpgid setfsuid setfsgid getsid capget capset - -
129 - rt_sigsuspend - utime mknod - personality ustat statfs fstatfs sysfs getpriority setpriority
142 sched_setparam sched_getparam sched_setscheduler sched_getscheduler sched_get_priority_max
147 sched_get_priority_min sched_rr_get_interval mlock munlock mlockall munlockall vhangup modify_ldt
155 pivot_root - prctl arch_prctl adjtimex setrlimit chroot sync acct settimeofday mount umount2 swapon
168 swapoff reboot sethostname setdomainname iopl ioperm - init_module delete_module - - quotactl -
181 getpmsg putpmsg afs_syscall tuxcall security gettid readahead setxattr lsetxattr fsetxattr getxattr
192 lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr tkill time
202 futex sched_setaffinity sched_getaffinity - - io_destroy io_getevents - io_cancel - lookup_dcookie
213 epoll_create - - remap_file_pages getdents64 set_tid_address restart_syscall semtimedop fadvise64 -
223 timer_settime timer_gettime timer_getoverrun timer_delete clock_settime clock_gettime clock_getres
230 clock_nanosleep exit_group epoll_wait epoll_ctl tgkill utimes - mbind set_mempolicy get_mempolicy
240 mq_open mq_unlink mq_timedsend mq_timedreceive - mq_getsetattr - - add_key request_key keyctl
251 ioprio_set ioprio_get inotify_init inotify_add_watch inotify_rm_watch migrate_pages openat mkdirat
259 mknodat fchownat futimesat newfstatat unlinkat renameat linkat symlinkat readlinkat fchmodat
269 faccessat pselect6 ppoll unshare - - splice tee sync_file_range - - utimensat epoll_pwait signalfd
283 timerfd_create eventfd fallocate timerfd_settime timerfd_gettime accept4 signalfd4 eventfd2
291 epoll_create1 dup3 pipe2 inotify_init1 - - - perf_event_open - fanotify_init fanotify_mark prlimit64
303 name_to_handle_at open_by_handle_at clock_adjtime syncfs - setns getcpu - - kcmp finit_module
314 sched_setattr sched_getattr renameat2 seccomp getrandom memfd_create kexec_file_load bpf -
323 userfaultfd membarrier mlock2 copy_file_range - - pkey_mprotect pkey_alloc pkey_free statx
333 io_pgetevents rseq uretprobe uprobe
424 pidfd_send_signal io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen
431 fsconfig fsmount fspick pidfd_open clone3 close_range openat2 pidfd_getfd faccessat2 process_madvise
441 epoll_pwait2 mount_setattr quotactl_fd landlock_create_ruleset landlock_add_rule
446 landlock_restrict_self memfd_secret process_mrelease futex_waitv set_mempolicy_home_node cachestat
452 fchmodat2 map_shadow_stack futex_wake futex_wait futex_requeue statmount listmount lsm_get_self_attr
460 lsm_set_self_attr lsm_list_modules mseal setxattrat getxattrat listxattrat removexattrat
467 open_tree_attr file_getattr file_setattr listns rseq_slice_yield
512 rt_sigaction rt_sigreturn ioctl readv writev recvfrom sendmsg recvmsg execve ptrace rt_sigpending
523 rt_sigtimedwait rt_sigqueueinfo sigaltstack timer_create mq_notify kexec_load waitid set_robust_list
531 get_robust_list vmsplice move_pages preadv pwritev rt_tgsigqueueinfo recvmmsg sendmmsg
539 process_vm_readv process_vm_writev setsockopt getsockopt io_setup io_submit execveat preadv2
547 pwritev2
"""
