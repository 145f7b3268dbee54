/*
 * What a program finds in its container: printed as lines `section<TAB>text`, in no more than the C library's words.
 * Linked statically, so that it runs in any image. `probe wait` then stays, so that it can be looked at from outside.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void say(const char *section, const char *format, ...)
{
	va_list arguments;

	printf("%s\t", section);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static const char *why(void)
{
	return strerrorname_np(errno);
}

/* Every line of a file, behind its name where `name` is given; an error as its name. */
static void say_file(const char *section, const char *name, const char *path)
{
	char line[8192];
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		if (errno != ENOENT)
			say(section, "%s%s%s", name, *name ? " " : "", why());
		return;
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		say(section, "%s%s%s", name, *name ? " " : "", line);
	}
	if (ferror(file))
		say(section, "%s%s%s", name, *name ? " " : "", why());
	fclose(file);
}

static void identity(void)
{
	uid_t uids[3];
	gid_t gids[3], groups[NGROUPS_MAX];
	int count = getgroups(NGROUPS_MAX, groups);
	char folder[PATH_MAX];

	getresuid(&uids[0], &uids[1], &uids[2]);
	getresgid(&gids[0], &gids[1], &gids[2]);
	say("identity", "uids %u %u %u", uids[0], uids[1], uids[2]);
	say("identity", "gids %u %u %u", gids[0], gids[1], gids[2]);
	printf("identity\tgroups");
	for (int i = 0; i < count; i++)
		printf(" %u", groups[i]);
	putchar('\n');
	say("identity", "folder %s", getcwd(folder, sizeof(folder)) ? folder : why());
	mode_t mask = umask(0);
	umask(mask);
	say("identity", "umask %04o", mask);
	for (char **entry = environ; *entry != NULL; entry++)
		say("environment", "%s", *entry);
}

/* The fields of proc_pid_status(5) that say what the process may do. */
static void status(void)
{
	static const char *const rights[] = {"Cap", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:"};
	static const char *const signals[] = {"SigBlk:", "SigIgn:", "SigCgt:"};
	char line[4096];
	FILE *file = fopen("/proc/self/status", "re");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < COUNT(rights); i++)
			if (strncmp(line, rights[i], strlen(rights[i])) == 0)
				say("rights", "%s", line);
		for (size_t i = 0; i < COUNT(signals); i++)
			if (strncmp(line, signals[i], strlen(signals[i])) == 0)
				say("signals", "%s", line);
	}
	if (file != NULL)
		fclose(file);
	say("rights", "securebits %#x", prctl(PR_GET_SECUREBITS));
	say("rights", "dumpable %d", prctl(PR_GET_DUMPABLE));
	say("rights", "keepcaps %d", prctl(PR_GET_KEEPCAPS));
}

static void process(void)
{
	int death = 0, reaper = 0;

	prctl(PR_GET_PDEATHSIG, &death);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	say("process", "session leader %s", getsid(0) == getpid() ? "yes" : "no");
	say("process", "group leader %s", getpgrp() == getpid() ? "yes" : "no");
	say("process", "terminal %s", isatty(0) ? ttyname(0) : "none");
	say("process", "death signal %d", death);
	say("process", "subreaper %d", reaper);
	say("process", "nice %d", getpriority(PRIO_PROCESS, 0));
	say("process", "scheduler %d", sched_getscheduler(0));
	say("process", "io priority %ld", syscall(SYS_ioprio_get, 1, 0));
	say("process", "timer slack %d", prctl(PR_GET_TIMERSLACK));
	say("process", "huge pages off %d", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	say("process", "personality %#x", personality(0xffffffff));
	say_file("process", "oom_score_adj", "/proc/self/oom_score_adj");
}

static void limits(void)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {
		{"as", RLIMIT_AS}, {"core", RLIMIT_CORE}, {"cpu", RLIMIT_CPU}, {"data", RLIMIT_DATA},
		{"fsize", RLIMIT_FSIZE}, {"locks", RLIMIT_LOCKS}, {"memlock", RLIMIT_MEMLOCK},
		{"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE}, {"nofile", RLIMIT_NOFILE},
		{"nproc", RLIMIT_NPROC}, {"rss", RLIMIT_RSS}, {"rtprio", RLIMIT_RTPRIO}, {"rttime", RLIMIT_RTTIME},
		{"sigpending", RLIMIT_SIGPENDING}, {"stack", RLIMIT_STACK},
	};

	for (size_t i = 0; i < COUNT(known); i++) {
		struct rlimit limit;
		getrlimit(known[i].number, &limit);
		say("limits", "%s %lld %lld", known[i].name, (long long)limit.rlim_cur, (long long)limit.rlim_max);
	}
}

/* The open files, but for the one that lists them. */
static void files(void)
{
	DIR *folder = opendir("/proc/self/fd");

	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
		char path[PATH_MAX], target[PATH_MAX];
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(folder))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		ssize_t size = readlink(path, target, sizeof(target) - 1);
		target[size < 0 ? 0 : size] = '\0';
		int flags = fcntl(atoi(entry->d_name), F_GETFL);
		say("files", "%s %s %#o", entry->d_name, target, flags & ~(O_CLOEXEC | 0100000));
	}
	if (folder != NULL)
		closedir(folder);
}

static void node(const char *path, int depth)
{
	struct stat status;
	DIR *folder;
	char target[PATH_MAX];

	if (lstat(path, &status) < 0)
		return;
	if (S_ISLNK(status.st_mode)) {
		ssize_t size = readlink(path, target, sizeof(target) - 1);
		target[size < 0 ? 0 : size] = '\0';
		say("devices", "%s -> %s", path, target);
		return;
	}
	const char *kind = S_ISCHR(status.st_mode) ? "c" : S_ISBLK(status.st_mode) ? "b" : S_ISDIR(status.st_mode) ? "d" : "-";
	if (*kind == 'c' || *kind == 'b') {
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		say("devices", "%s %s %u:%u %04o %u:%u open %s", path, kind, major(status.st_rdev), minor(status.st_rdev),
		    status.st_mode & 07777, status.st_uid, status.st_gid, fd < 0 ? why() : "yes");
		if (fd >= 0)
			close(fd);
		return;
	}
	say("devices", "%s %s %04o %u:%u", path, kind, status.st_mode & 07777, status.st_uid, status.st_gid);
	if (*kind != 'd' || depth == 0 || (folder = opendir(path)) == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		char below[PATH_MAX];
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		node(below, depth - 1);
	}
	closedir(folder);
}

/* Whether a file may be made at all: device nodes are a capability and a rule of the control group. */
static void making(void)
{
	static const struct {
		const char *name;
		mode_t kind;
		unsigned major, minor;
	} tried[] = {
		{"null", S_IFCHR, 1, 3}, {"mem", S_IFCHR, 1, 1}, {"fuse", S_IFCHR, 10, 229}, {"disk", S_IFBLK, 8, 0},
		{"tty9", S_IFCHR, 4, 9},
	};

	for (size_t i = 0; i < COUNT(tried); i++) {
		char path[64];
		snprintf(path, sizeof(path), "/dev/shm/probe-%s", tried[i].name);
		int made = mknod(path, tried[i].kind | 0600, makedev(tried[i].major, tried[i].minor));
		say("making", "%s %s", tried[i].name, made == 0 ? "yes" : why());
		if (made == 0)
			unlink(path);
	}
	int fd = open("/probe-file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	say("making", "file in / %s", fd < 0 ? why() : "yes");
	if (fd >= 0) {
		close(fd);
		unlink("/probe-file");
	}
}

/* What is hidden or read-only: what stands there, what reading gives, whether it could be opened for writing. */
static void hidden(void)
{
	static const char *const paths[] = {
		"/proc/acpi", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/interrupts", "/proc/irq", "/proc/kcore",
		"/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/sys", "/proc/sysrq-trigger",
		"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/shmmax", "/proc/sys/net/ipv4/ip_forward",
		"/proc/timer_list", "/proc/timer_stats", "/proc/self/oom_score_adj", "/sys/devices/virtual/powercap",
		"/sys/firmware", "/sys/fs/cgroup", "/sys/kernel", "/sys/kernel/uevent_helper",
	};

	for (size_t i = 0; i < COUNT(paths); i++) {
		struct stat status;
		struct statvfs system;
		char byte;
		if (stat(paths[i], &status) < 0) {
			if (errno != ENOENT)
				say("hidden", "%s %s", paths[i], why());
			continue;
		}
		int fd = open(paths[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		const char *opened = fd < 0 ? why() : "yes", *found = "";
		if (S_ISDIR(status.st_mode) && fd >= 0) {
			int entries = 0;
			DIR *folder = fdopendir(dup(fd));
			for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
				entries += entry->d_name[0] != '.';
			if (folder != NULL)
				closedir(folder);
			found = entries ? " filled" : " empty";
		} else if (fd >= 0 && S_ISREG(status.st_mode)) {
			ssize_t size = read(fd, &byte, 1);
			found = size > 0 ? " filled" : size == 0 ? " empty" : " unreadable";
		}
		if (fd >= 0)
			close(fd);
		const char *written = "";
		if (!S_ISDIR(status.st_mode)) {
			int writer = open(paths[i], O_WRONLY | O_NONBLOCK | O_CLOEXEC);
			written = writer < 0 ? why() : "yes";
			if (writer >= 0)
				close(writer);
		} else if (statvfs(paths[i], &system) == 0) {
			written = system.f_flag & ST_RDONLY ? "EROFS" : "yes";
		}
		say("hidden", "%s %s read %s%s write %s", paths[i],
		    S_ISDIR(status.st_mode) ? "d" : S_ISCHR(status.st_mode) ? "c" : "-", opened, found, written);
	}
}

static void sysctls(void)
{
	static const char *const names[] = {
		"kernel/domainname", "kernel/hostname", "kernel/msgmax", "kernel/sem", "kernel/shmmax",
		"kernel/shm_rmid_forced", "fs/mqueue/msg_max", "net/ipv4/ip_unprivileged_port_start",
		"net/ipv4/ping_group_range", "net/ipv4/ip_default_ttl", "net/core/somaxconn",
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		char path[128];
		snprintf(path, sizeof(path), "/proc/sys/%s", names[i]);
		say_file("sysctls", names[i], path);
	}
}

/* The limits of the control group, of v1 (a folder for each controller) and of v2. */
static void groups(void)
{
	static const char *const names[] = {
		"blkio/blkio.throttle.read_bps_device", "blkio/blkio.throttle.write_iops_device", "blkio/blkio.weight",
		"cpu/cpu.cfs_period_us", "cpu/cpu.cfs_quota_us", "cpu/cpu.shares", "cpuset/cpuset.cpus", "cpuset/cpuset.mems",
		"devices/devices.list", "freezer/freezer.state", "memory/memory.limit_in_bytes",
		"memory/memory.memsw.limit_in_bytes", "memory/memory.oom_control", "memory/memory.soft_limit_in_bytes",
		"memory/memory.swappiness", "pids/pids.max",
		"cgroup.type", "cpu.max", "cpu.weight", "cpuset.cpus", "cpuset.mems", "io.max", "io.weight", "memory.high",
		"memory.low", "memory.max", "memory.swap.max", "pids.max",
	};

	say_file("groups", "in", "/proc/self/cgroup");
	for (size_t i = 0; i < COUNT(names); i++) {
		char path[128];
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", names[i]);
		say_file("groups", names[i], path);
	}
}

int main(int count, char **arguments)
{
	struct sigaction end = {.sa_handler = _exit};

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	identity();
	status();
	process();
	limits();
	files();
	node("/dev", 2);
	making();
	hidden();
	sysctls();
	groups();
	say_file("mounts", "", "/proc/self/mountinfo");
	say_file("confined", "", "/proc/self/attr/current");
	say("end", "%d", count);
	fflush(stdout);
	if (count > 1 && strcmp(arguments[1], "wait") == 0) {
		sigaction(SIGTERM, &end, NULL);
		for (;;)
			pause();
	}
	return 0;
}
