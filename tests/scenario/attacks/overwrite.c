/* Stands in for the dynamic loader of an image: whatever dynamic program is started there, this runs, with that
 * program as /proc/self/exe. It tries to write to it in every way and prints what each try gave. No C library: the
 * process is set up for another program. */
#include <fcntl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static long call(long number, long a, long b, long c, long d) {
    long result;
    register long fourth __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static long call(long number, long a, long b, long c, long d) {
    register long result __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    register long eight __asm__("x8") = number;
    __asm__ volatile("svc 0" : "+r"(result) : "r"(second), "r"(third), "r"(fourth), "r"(eight) : "memory");
    return result;
}
#endif

static void say(const char *what, long result) {
    char line[64];
    int size = 0;
    while (*what)
        line[size++] = *what++;
    line[size++] = ' ';
    if (result < 0) {
        line[size++] = '-';
        result = -result;
    }
    char digits[20];
    int count = 0;
    do
        digits[count++] = '0' + result % 10;
    while (result /= 10);
    while (count)
        line[size++] = digits[--count];
    line[size++] = '\n';
    call(SYS_write, 1, (long)line, size, 0);
}

void _start(void) {
    static const char mark[] = "#!/attack\n";
    static const char exe[] = "/proc/self/exe";
    say("started", 0);
    say("write", call(SYS_openat, AT_FDCWD, (long)exe, O_WRONLY, 0));
    say("truncate", call(SYS_openat, AT_FDCWD, (long)exe, O_WRONLY | O_TRUNC, 0));
    say("chmod", call(SYS_fchmodat, AT_FDCWD, (long)exe, 0777, 0));
    long fd = call(SYS_openat, AT_FDCWD, (long)exe, O_RDONLY, 0);
    char again[] = "/proc/self/fd/0";
    again[14] = '0' + fd % 10;
    say("again", call(SYS_openat, AT_FDCWD, (long)again, O_RDWR, 0));
    say("written", call(SYS_write, fd, (long)mark, sizeof mark - 1, 0));
    call(SYS_exit_group, 0, 0, 0, 0);
}
