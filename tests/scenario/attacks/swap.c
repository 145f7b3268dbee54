/* swap A B: exchange two names without end, so that a path means one thing when it is checked and another when it is
 * used (renameat2(2), RENAME_EXCHANGE). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>

int main(int count, char **words) {
    if (count != 3)
        return 2;
    puts("swapping");
    fflush(stdout);
    for (;;)
        if (renameat2(AT_FDCWD, words[1], AT_FDCWD, words[2], RENAME_EXCHANGE) != 0) {
            perror(words[1]);
            return 1;
        }
}
