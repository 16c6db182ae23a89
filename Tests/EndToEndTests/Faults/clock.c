// Moves the time of day of a program by the seconds in the file CLOCK_OFFSET_FILE, which a test changes while it runs (LD_PRELOAD).
// Clocks that measure intervals are left alone. Debian's libfaketime 0.9.10 changes the environment before Swift's runtime looks for the
// arguments beside it, and makes waits on the monotonic clock fail.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// A deadline before 2001 is one of the monotonic clock.
static const time_t first_time_of_day = 1000000000;

static const volatile int64_t *offset;

__attribute__((constructor)) static void map_offset(void) {
    const char *path = getenv("CLOCK_OFFSET_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) offset = mapped;
    close(file);
}

static time_t seconds(void) { return offset ? (time_t)*offset : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += seconds();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec time;
    int result = clock_gettime(CLOCK_REALTIME, &time);
    *now = (struct timeval){.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    return result;
}

time_t time(time_t *now) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    if (now) *now = time.tv_sec;
    return time.tv_sec;
}

// The kernel reads the deadline by its own clock.
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
    typedef int wait_function(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    static wait_function *next;
    if (!next) next = (wait_function *)dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!next) next = (wait_function *)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec real = *deadline;
    if (real.tv_sec >= first_time_of_day) real.tv_sec -= seconds();
    return next(condition, mutex, &real);
}
