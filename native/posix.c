// What the native helper takes from the system and the compiler's library does not have: flags of open(2), owners and
// modes, fsync, Unix sockets, a detached child. The compiler's FFI passes texts as pointer and length and takes numbers
// back, and it does not know errno: so each function returns a result from 0 up, or errno negated.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <linux/close_range.h>
#include <time.h>
#include <unistd.h>

static void ignore_signals(void (*how)(int)) {
  signal(SIGPIPE, how);
  signal(SIGXFSZ, how);
}

// Before anything of the runtime runs.
__attribute__((constructor)) static void prepare_process(void) {
  // A reader that is gone and a file that may not grow are errors to be reported, not the end.
  ignore_signals(SIG_IGN);
  // A core dump would hold the token.
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  // A stream that was closed by who started us would be given to the first file or socket that is opened.
  for (int stream = 0; stream <= 2; stream++) {
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != stream) _exit(126);
  }
}

#define RESULT(call) ((call) < 0 ? -errno : 0)

// A text as C wants it; a path with a NUL in it would name another file.
static int terminated(char *to, size_t size, const uint8_t *text, size_t length) {
  if (length >= size) return -ENAMETOOLONG;
  if (memchr(text, 0, length) != NULL) return -EINVAL;
  memcpy(to, text, length);
  to[length] = 0;
  return 0;
}

#define PATH_FROM(name, text, length)                         \
  char name[4096];                                            \
  do {                                                        \
    int failed = terminated(name, sizeof name, text, length); \
    if (failed < 0) return failed;                            \
  } while (0)

int32_t g2a_effective_user(void) { return (int32_t)geteuid(); }

static int32_t describe(const struct stat *s, uint8_t *out, size_t size) {
  const char kind = S_ISREG(s->st_mode) ? 'f' : S_ISDIR(s->st_mode) ? 'd' : 'o';
  const long long modified = (long long)s->st_mtim.tv_sec * 1000 + s->st_mtim.tv_nsec / 1000000;
  int length = snprintf((char *)out, size, "%c %u %u %llu %lld", kind, (unsigned)(s->st_mode & 0777),
                        (unsigned)s->st_uid, (unsigned long long)s->st_nlink, modified);
  return length < 0 || (size_t)length >= size ? -ERANGE : length;
}

int32_t g2a_status(const uint8_t *text, size_t length, uint8_t *out, size_t size) {
  PATH_FROM(path, text, length);
  struct stat s;
  return lstat(path, &s) < 0 ? -errno : describe(&s, out, size);
}

int32_t g2a_descriptor_status(int32_t descriptor, uint8_t *out, size_t size) {
  struct stat s;
  return fstat(descriptor, &s) < 0 ? -errno : describe(&s, out, size);
}

static int32_t opened(const uint8_t *text, size_t length, int flags) {
  PATH_FROM(path, text, length);
  int descriptor = open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
  return descriptor < 0 ? -errno : descriptor;
}

int32_t g2a_open_directory(const uint8_t *text, size_t length) { return opened(text, length, O_RDONLY | O_DIRECTORY); }
int32_t g2a_open_file(const uint8_t *text, size_t length) { return opened(text, length, O_RDONLY | O_NONBLOCK); }
int32_t g2a_create_file(const uint8_t *text, size_t length) { return opened(text, length, O_WRONLY | O_CREAT | O_EXCL); }

int32_t g2a_close(int32_t descriptor) { return RESULT(close(descriptor)); }
int32_t g2a_sync(int32_t descriptor) { return RESULT(fsync(descriptor)); }

int32_t g2a_read(int32_t descriptor, uint8_t *out, size_t size) {
  size_t length = 0;
  while (length < size) {
    ssize_t got = read(descriptor, out + length, size - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (got == 0) break;
    length += (size_t)got;
  }
  return (int32_t)length;
}

// All of it; a stream that is full for the moment is waited for, at most ten seconds at a time.
int32_t g2a_write(int32_t descriptor, const uint8_t *text, size_t length) {
  for (size_t written = 0; written < length;) {
    ssize_t done = write(descriptor, text + written, length - written);
    if (done >= 0) {
      written += (size_t)done;
    } else if (errno == EAGAIN) {
      struct pollfd full = {.fd = descriptor, .events = POLLOUT};
      if (poll(&full, 1, 10000) == 0) return -EAGAIN;
    } else if (errno != EINTR) {
      return -errno;
    }
  }
  return 0;
}

int32_t g2a_make_directory(const uint8_t *text, size_t length) {
  PATH_FROM(path, text, length);
  return RESULT(mkdir(path, 0700));
}

int32_t g2a_remove_directory(const uint8_t *text, size_t length) {
  PATH_FROM(path, text, length);
  return RESULT(rmdir(path));
}

int32_t g2a_unlink(const uint8_t *text, size_t length) {
  PATH_FROM(path, text, length);
  return RESULT(unlink(path));
}

int32_t g2a_rename(const uint8_t *from, size_t from_length, const uint8_t *to, size_t to_length) {
  PATH_FROM(old, from, from_length);
  PATH_FROM(new, to, to_length);
  return RESULT(rename(old, new));
}

// Names, each ended by a slash; the length needed, which may be more than there is room for.
int32_t g2a_list(const uint8_t *text, size_t length, uint8_t *out, size_t size) {
  PATH_FROM(path, text, length);
  DIR *directory = opendir(path);
  if (directory == NULL) return -errno;
  size_t needed = 0;
  errno = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    size_t name = strlen(entry->d_name);
    if (needed + name + 1 <= size) {
      memcpy(out + needed, entry->d_name, name);
      out[needed + name] = '/';
    }
    needed += name + 1;
  }
  int failed = errno;
  closedir(directory);
  return failed != 0 ? -failed : (int32_t)needed;
}

static int address_of(struct sockaddr_un *address, const uint8_t *text, size_t length) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  return terminated(address->sun_path, sizeof address->sun_path, text, length);
}

int32_t g2a_listen(const uint8_t *text, size_t length) {
  struct sockaddr_un address;
  int failed = address_of(&address, text, length);
  if (failed < 0) return failed;
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 || listen(descriptor, 4096) < 0) {
    failed = -errno;
    close(descriptor);
    return failed;
  }
  return descriptor;
}

double g2a_ticks(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int64_t milliseconds(void) { return (int64_t)g2a_ticks(); }

// 1 when the listener is gone, 0 when the time is over. Nothing is ever sent, so whatever ends the wait is the end.
int32_t g2a_wait_for_end(const uint8_t *text, size_t length, double timeout) {
  struct sockaddr_un address;
  int failed = address_of(&address, text, length);
  if (failed < 0) return failed;
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  int32_t result = 0;
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
    result = -errno;
  } else {
    const int64_t until = milliseconds() + (int64_t)timeout;
    for (int64_t left = (int64_t)timeout; left >= 0; left = until - milliseconds()) {
      struct pollfd gone = {.fd = descriptor, .events = POLLIN | POLLRDHUP};
      int ready = poll(&gone, 1, (int)left);
      if (ready == 0) break;
      if (ready > 0) {
        result = 1;
        break;
      }
      if (errno != EINTR) {
        result = -errno;
        break;
      }
    }
  }
  close(descriptor);
  return result;
}

// A copy with the texts in it, which are each ended by a NUL, and a list that points to them.
static char **list_of(const uint8_t *texts, size_t length) {
  size_t count = 0;
  for (size_t at = 0; at < length; at++) count += texts[at] == 0;
  char **list = calloc(count + 1, sizeof *list);
  char *copy = malloc(length + 1);
  if (list == NULL || copy == NULL) return NULL;
  memcpy(copy, texts, length);
  for (size_t item = 0; item < count; item++) {
    list[item] = copy;
    copy += strlen(copy) + 1;
  }
  return list;
}

// The full gcp2aws beside this program, in its place; returns only where there is none.
int32_t g2a_hand_over(const uint8_t *arguments, size_t length) {
  static const char name[] = "gcp2aws";
  char path[4096];
  ssize_t end = readlink("/proc/self/exe", path, sizeof path - sizeof name);
  if (end < 0) return -errno;
  while (end > 0 && path[end - 1] != '/') end--;
  memcpy(path + end, name, sizeof name);
  char **argv = list_of(arguments, length);
  if (argv == NULL) return -ENOMEM;
  ignore_signals(SIG_DFL);
  execv(path, argv);
  int failed = errno;
  ignore_signals(SIG_IGN);
  return -failed;
}

// This program once more, in a session of its own, with none of this process's streams.
int32_t g2a_start_detached(const uint8_t *arguments, size_t arguments_length, const uint8_t *environment,
                           size_t environment_length) {
  char **argv = list_of(arguments, arguments_length);
  char **envp = list_of(environment, environment_length);
  if (argv == NULL || envp == NULL) return -ENOMEM;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return -errno;
  pid_t child = fork();
  if (child < 0) return -errno;
  if (child > 0) {
    close(null);
    return 0;
  }
  setsid();
  ignore_signals(SIG_DFL);
  for (int stream = 0; stream <= 2; stream++) dup2(null, stream);
  // Whatever the caller had open, a pipe that somebody reads to its end among it, ends with us and not with the child.
  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
    // Kernels before 5.11 do not know the flag.
    for (int descriptor = 3; descriptor < 1024; descriptor++) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }
  execve("/proc/self/exe", argv, envp);
  _exit(127);
}
