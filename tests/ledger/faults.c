/* A disk that fails on demand: stands in front of the C library (LD_PRELOAD).
 *
 * While the folder named by LADDERS_FAULTS holds a file `sync-wal`, `sync-db` or `room`, it fails to sync the
 * write-ahead log, to sync the database, or to write either.
 * LADDERS_FAULT="KIND NUMBER FAULT" is about one call: of all calls of that kind (`write`, `sync`, `truncate`, `rename`,
 * `unlink`) to files below the folder named by LADDERS_FAULT_IN, the one with that number (from 1) fails with EIO or
 * ENOSPC, or the process is killed before it (KILL). `fault_calls` says how many there were. Other files are left
 * alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_told(const char *fault) {
    char path[4096];
    const char *folder = getenv("LADDERS_FAULTS");
    if (!folder) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, fault);
    return access(path, F_OK) == 0;
}

static int ends_with(int file, const char *end) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < (ssize_t)strlen(end)) return 0;
    name[length] = 0;
    return strcmp(name + length - strlen(end), end) == 0;
}

static int sync_fails(int file) {
    return (ends_with(file, ".db-wal") && is_told("sync-wal")) || (ends_with(file, ".db") && is_told("sync-db"));
}

static int write_fails(int file) {
    return (ends_with(file, ".db-wal") || ends_with(file, ".db")) && is_told("room");
}

static atomic_int calls[5]; /* by kind */
static const char *kinds[5] = {"write", "sync", "truncate", "rename", "unlink"};
enum kind { WRITE, SYNC, TRUNCATE, RENAME, UNLINK };

static int is_below(int file, const char *folder) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, name, sizeof name - 1);
    return length >= (ssize_t)strlen(folder) && strncmp(name, folder, strlen(folder)) == 0;
}

/* The error with which the next call of this kind is to fail; 0 for none. */
static int next(enum kind kind, const char *order) {
    char wanted[16], fault[16];
    int number, call = ++calls[kind];
    if (sscanf(order, "%15s %d %15s", wanted, &number, fault) != 3) abort();
    if (strcmp(wanted, kinds[kind]) != 0 || number != call) return 0;
    if (strcmp(fault, "KILL") == 0) raise(SIGKILL);
    return strcmp(fault, "EIO") == 0 ? EIO : ENOSPC;
}

static int ordered(int file, enum kind kind) {
    const char *folder = getenv("LADDERS_FAULT_IN"), *order = getenv("LADDERS_FAULT");
    return folder && order && is_below(file, folder) ? next(kind, order) : 0;
}

static int ordered_at(const char *path, enum kind kind) {
    const char *folder = getenv("LADDERS_FAULT_IN"), *order = getenv("LADDERS_FAULT");
    return folder && order && strncmp(path, folder, strlen(folder)) == 0 ? next(kind, order) : 0;
}

int fault_calls(int kind) { return calls[kind]; }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define OR_FAIL(kind, fails, code, real) FAILING(ordered(file, kind), fails, code, real)
#define FAILING(next, fails, code, real)        \
    int kept = errno;                           \
    int error = next;                           \
    if (fails) error = code;                    \
    if (error) {                                \
        errno = error;                          \
        return -1;                              \
    }                                           \
    errno = kept;                               \
    return real

int fsync(int file) { OR_FAIL(SYNC, sync_fails(file), EIO, REAL(fsync)(file)); }
int fdatasync(int file) { OR_FAIL(SYNC, sync_fails(file), EIO, REAL(fdatasync)(file)); }
int ftruncate(int file, off_t size) { OR_FAIL(TRUNCATE, 0, 0, REAL(ftruncate)(file, size)); }
int ftruncate64(int file, off64_t size) { OR_FAIL(TRUNCATE, 0, 0, REAL(ftruncate64)(file, size)); }
ssize_t write(int file, const void *from, size_t size) {
    OR_FAIL(WRITE, write_fails(file), ENOSPC, REAL(write)(file, from, size));
}
ssize_t pwrite(int file, const void *from, size_t size, off_t at) {
    OR_FAIL(WRITE, write_fails(file), ENOSPC, REAL(pwrite)(file, from, size, at));
}
ssize_t pwrite64(int file, const void *from, size_t size, off64_t at) {
    OR_FAIL(WRITE, write_fails(file), ENOSPC, REAL(pwrite64)(file, from, size, at));
}
int rename(const char *from, const char *to) {
    FAILING(ordered_at(from, RENAME), 0, 0, REAL(rename)(from, to));
}
int unlink(const char *path) { FAILING(ordered_at(path, UNLINK), 0, 0, REAL(unlink)(path)); }
