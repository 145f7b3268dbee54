/* keys share|look: keys(7) of the kernel. `share` puts a key into its session keyring and lets everybody search it;
 * `look` tells whether that key can be found from here. Both print the session keyring's number. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GET_ID = 0, SET_PERMISSIONS = 5, SEARCH = 10, SESSION = -3 };

int main(int count, char **words) {
    long session = syscall(SYS_keyctl, GET_ID, SESSION, 1);
    if (count < 2 || session < 0) {
        perror("keyctl");
        return 1;
    }
    printf("session %ld\n", session);
    if (strcmp(words[1], "share") == 0) {
        long key = syscall(SYS_add_key, "user", "attack", "secret", 6, SESSION);
        if (key < 0 || syscall(SYS_keyctl, SET_PERMISSIONS, key, 0x3f3f3f3f) || syscall(SYS_keyctl, SET_PERMISSIONS, session, 0x3f3f3f3f)) {
            perror("share");
            return 1;
        }
        puts("shared");
        fflush(stdout);
        pause();
    }
    puts(syscall(SYS_keyctl, SEARCH, SESSION, "user", "attack", 0) < 0 ? "nothing" : "found");
    return 0;
}
