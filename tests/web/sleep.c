/* Sleeping, as the system does it: stands before libfaketime, which up to 0.9.10 refuses to sleep until a moment of the
 * monotonic clock when it leaves that clock alone (its issue 426), and that is how Python sleeps. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
    int kept = errno;
    int failed = syscall(SYS_clock_nanosleep, clock, flags, until, left) ? errno : 0;
    errno = kept;
    return failed;
}
