/* watch [tracer | PID...]: a hostile first process of a container. It looks for processes of the engine that join its pid
 * namespace (docker exec), stops each one it sees, and tries every way into it while it stands still: what it can
 * open, read, trace or take over. It prints "reached WAY" for each that works and, once there is a file /tmp/stop, "seen N". */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 60

static const char *ours = "boxship";

static int is_engine(int pid) {
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    int size = read(fd, name, sizeof name - 1);
    close(fd);
    return size > 0 && strncmp(name, ours, strlen(ours)) == 0;
}

/* Whether a process that was sent SIGSTOP has stopped; it may get as far as its exec first. */
static int stands(int pid) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (int patience = 0; patience < 10000; patience++) {
        int fd = open(path, O_RDONLY);
        if (fd < 0)
            return 0;
        int size = read(fd, line, sizeof line - 1);
        close(fd);
        line[size > 0 ? size : 0] = 0;
        char *state = strrchr(line, ')');
        if (state == NULL || state[2] == 'Z')
            return 0;
        if (state[2] == 'T')
            return 1;
    }
    return 0;
}

static unsigned long long rights(const char *who, const char *field) {
    char path[64], line[256];
    unsigned long long found = 0;
    snprintf(path, sizeof path, "/proc/%s/status", who);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            found = strtoull(line + strlen(field), NULL, 16);
    if (file != NULL)
        fclose(file);
    return found;
}

/* Who may trace gets into its equals: then only a process with more rights than the container (pid 1) is worth it. */
static int tracer;

static int has_more(int pid) {
    char who[16];
    snprintf(who, sizeof who, "%d", pid);
    return (rights(who, "CapPrm:") & ~rights("1", "CapBnd:")) != 0;
}

/* A way counts only when the process was still the engine's after it. */
static void reached(int pid, const char *way) {
    if (is_engine(pid) && (!tracer || has_more(pid))) {
        printf("reached %s\n", way);
        fflush(stdout);
    }
}

static void try_open(int pid, const char *what, int flags) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
    int fd = open(path, flags);
    if (fd >= 0) {
        reached(pid, what);
        close(fd);
    }
}

static void try_links(int pid) {
    static const char *links[] = {"exe", "root", "cwd", "fd/0", "fd/3", "ns/mnt", "ns/net"};
    char path[64], target[256];
    for (unsigned i = 0; i < sizeof links / sizeof *links; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, links[i]);
        if (readlink(path, target, sizeof target) > 0)
            reached(pid, links[i]);
        try_open(pid, links[i], O_RDONLY | O_NONBLOCK | O_NOCTTY);
        try_open(pid, links[i], O_PATH);
    }
}

static void try_memory(int pid) {
    char byte;
    struct iovec local = {&byte, 1}, remote = {(void *)0x400000, 1};
    try_open(pid, "mem", O_RDONLY);
    try_open(pid, "mem", O_RDWR);
    try_open(pid, "environ", O_RDONLY);
    try_open(pid, "maps", O_RDONLY);
    try_open(pid, "auxv", O_RDONLY);
    if (process_vm_readv(pid, &local, 1, &remote, 1, 0) == 1 || errno == EFAULT)
        reached(pid, "process_vm_readv");
    if (process_vm_writev(pid, &local, 1, &remote, 1, 0) == 1 || errno == EFAULT)
        reached(pid, "process_vm_writev");
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
        reached(pid, "ptrace");
        /* Only a tracee that has stopped can be let go. */
        ptrace(PTRACE_INTERRUPT, pid, 0, 0);
        waitpid(pid, NULL, __WALL);
        ptrace(PTRACE_DETACH, pid, 0, 0);
    }
    int handle = syscall(SYS_pidfd_open, pid, 0);
    for (int number = 0; handle >= 0 && number < 32; number++) {
        int fd = syscall(SYS_pidfd_getfd, handle, number, 0);
        if (fd >= 0) {
            char path[32], target[128] = "";
            reached(pid, "pidfd_getfd");
            snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
            if (readlink(path, target, sizeof target - 1) > 0 && strncmp(target, "pipe:", 5) != 0 &&
                strcmp(target, "/dev/null") != 0 && strncmp(target, "/dev/pts/", 9) != 0) {
                printf("reached %s\n", target);
                fflush(stdout);
            }
            close(fd);
        }
    }
    close(handle);
}

/* PID...: the processes to try, which are the host's then and are not stopped. */
static int try_given(char **pids) {
    unsigned seen = 0;
    for (; *pids != NULL; pids++)
        if (is_engine(atoi(*pids))) {
            seen++;
            try_links(atoi(*pids));
            try_memory(atoi(*pids));
        }
    printf("seen %u\n", seen);
    return 0;
}

int main(int count, char **words) {
    long end = time(NULL) + 60;
    unsigned seen = 0, tries = 0;
    int last = 0;
    tracer = count > 1 && strcmp(words[1], "tracer") == 0;
    if (count > 1 && !tracer)
        return try_given(words + 1);
    puts("watching");
    fflush(stdout);
    while (time(NULL) < end && access("/tmp/stop", F_OK) != 0) {
        DIR *all = opendir("/proc");
        if (all == NULL)
            return 1;
        for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
            int pid = atoi(entry->d_name);
            if (!isdigit((unsigned char)entry->d_name[0]) || pid == getpid() || !is_engine(pid))
                continue;
            /* Let it come some way between two looks, and get through in the end. */
            tries = pid == last ? tries + 1 : 1;
            last = pid;
            if (tries > MOST)
                continue;
            /* Who may not send the signal tries it on the run. */
            if ((kill(pid, SIGSTOP) != 0 || stands(pid)) && is_engine(pid)) {
                seen++;
                try_links(pid);
                try_memory(pid);
            }
            kill(pid, SIGCONT);
            usleep(200);
        }
        closedir(all);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
    printf("seen %u\n", seen);
    return 0;
}
