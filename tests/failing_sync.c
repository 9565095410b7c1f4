/* A disk whose n-th sync fails: loaded before the C library by tests/journeys/test_failing_disks.py. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static int left = -1;

/* Let `n` more syncs succeed and the one after them fail; a negative n lets all succeed. */
void fail_sync_after(int n) { left = n; }

/* Whether the failure that was asked for is still to come. */
int sync_is_armed(void) { return left >= 0; }

static int fails(void) {
    if (left < 0) return 0;
    if (left-- > 0) return 0;
    errno = EIO;
    return 1;
}

int fdatasync(int fd) { return fails() ? -1 : (int)syscall(SYS_fdatasync, fd); }
int fsync(int fd) { return fails() ? -1 : (int)syscall(SYS_fsync, fd); }
