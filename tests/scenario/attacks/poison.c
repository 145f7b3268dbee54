/* A shared object that leaves a mark where it is loaded. */
#include <fcntl.h>
#include <unistd.h>

__attribute__((constructor)) static void mark(void) {
    int fd = open("/poisoned", O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd >= 0) {
        (void)!write(fd, "library\n", 8);
        close(fd);
    }
}
