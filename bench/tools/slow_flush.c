/* Makes each fdatasync and fsync of a process take a millisecond longer, as on a disk that really flushes.
   cc -shared -fPIC -O2 -o slow_flush.so slow_flush.c -ldl; LD_PRELOAD=./slow_flush.so program */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static void wait_a_millisecond(void) {
    struct timespec t = {0, 1000000};
    nanosleep(&t, 0);
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_a_millisecond();
    return real(file);
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_a_millisecond();
    return real(file);
}
