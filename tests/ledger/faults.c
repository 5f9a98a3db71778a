/* A disk that fails on demand: stands in front of the C library (LD_PRELOAD) and, while the folder named by
 * LADDERS_FAULTS holds a file `sync-wal`, `sync-db` or `room`, fails to sync the write-ahead log, to sync the database,
 * or to write either. Other files are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
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

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define OR_FAIL(fails, code, real) \
    int kept = errno;              \
    if (fails) {                   \
        errno = code;              \
        return -1;                 \
    }                              \
    errno = kept;                  \
    return real

int fsync(int file) { OR_FAIL(sync_fails(file), EIO, REAL(fsync)(file)); }
int fdatasync(int file) { OR_FAIL(sync_fails(file), EIO, REAL(fdatasync)(file)); }
ssize_t write(int file, const void *from, size_t size) {
    OR_FAIL(write_fails(file), ENOSPC, REAL(write)(file, from, size));
}
ssize_t pwrite(int file, const void *from, size_t size, off_t at) {
    OR_FAIL(write_fails(file), ENOSPC, REAL(pwrite)(file, from, size, at));
}
ssize_t pwrite64(int file, const void *from, size_t size, off64_t at) {
    OR_FAIL(write_fails(file), ENOSPC, REAL(pwrite64)(file, from, size, at));
}
