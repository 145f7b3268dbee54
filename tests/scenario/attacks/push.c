/* push: type into the terminal on standard input, for whoever reads from it next (ioctl_tty(2), TIOCSTI), and ask it
 * to answer back as some terminals do. */
#include <stdio.h>
#include <sys/ioctl.h>

int main(void) {
    unsigned pushed = 0;
    for (const char *key = "touch /tmp/boxship-escape-typed\n"; *key; key++)
        pushed += ioctl(0, TIOCSTI, key) == 0;
    printf("pushed %u\n", pushed);
    return 0;
}
