/*
 * Loaded into a process with LD_PRELOAD: its N-th write, sync, rename or truncation of certain files fails. This reaches what a
 * module of JavaScript cannot, the writes of SQLite.
 *
 *     FAULT_AT        N, from 1
 *     FAULT_ERRNO     the error's number
 *     FAULT_FOR_EVER  1: all later ones fail as well, and the N-th, if it is a write, writes half of what it was given, as a disk
 *                     does that becomes full
 *     FAULT_FILES     only files whose path holds this text
 *     FAULT_MARK      a file that is made when the fault happens, and says where
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum verdict { PASS, FAIL, HALF };

static atomic_long calls;

static void mark(const char *what, const char *path) {
  const char *file = getenv("FAULT_MARK");
  char text[PATH_MAX + 64];
  int fd = file == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) return;
  int length = snprintf(text, sizeof text, "%s %s", what, path);
  syscall(SYS_write, fd, text, (size_t)length);
  close(fd);
}

static enum verdict judge_path(const char *what, const char *path) {
  const char *files = getenv("FAULT_FILES"), *at = getenv("FAULT_AT"), *number = getenv("FAULT_ERRNO");
  if (files == NULL || at == NULL || number == NULL || strstr(path, files) == NULL) return PASS;
  long wanted = atol(at), call = atomic_fetch_add(&calls, 1) + 1;
  int for_ever = getenv("FAULT_FOR_EVER") != NULL;
  if (call < wanted || (call > wanted && !for_ever)) return PASS;
  if (call == wanted) mark(what, path);
  errno = atoi(number);
  return call == wanted && for_ever ? HALF : FAIL;
}

static enum verdict judge(const char *what, int fd) {
  char link[64], path[PATH_MAX];
  int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = before;
  if (length < 0) return PASS;
  path[length] = '\0';
  return judge_path(what, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITE(name, parameters, all, half)                                                                             \
  ssize_t name parameters {                                                                                            \
    enum verdict verdict = judge(#name, fd);                                                                           \
    if (verdict == PASS) return REAL(name) all;                                                                        \
    if (verdict == HALF && size > 1) return REAL(name) half;                                                           \
    return -1;                                                                                                         \
  }
WRITE(write, (int fd, const void *from, size_t size), (fd, from, size), (fd, from, size / 2))
WRITE(pwrite, (int fd, const void *from, size_t size, off_t at), (fd, from, size, at), (fd, from, size / 2, at))
WRITE(pwrite64, (int fd, const void *from, size_t size, off64_t at), (fd, from, size, at), (fd, from, size / 2, at))

#define CALL(name, parameters, arguments, verdict)                                                                     \
  int name parameters { return (verdict) == PASS ? REAL(name) arguments : -1; }
CALL(fsync, (int fd), (fd), judge("fsync", fd))
CALL(fdatasync, (int fd), (fd), judge("fdatasync", fd))
CALL(ftruncate, (int fd, off_t size), (fd, size), judge("ftruncate", fd))
CALL(ftruncate64, (int fd, off64_t size), (fd, size), judge("ftruncate64", fd))
CALL(rename, (const char *from, const char *to), (from, to), judge_path("rename", to))
