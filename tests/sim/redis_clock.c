/*
 * Loaded into a real redis-server (LD_PRELOAD) by redis_check: its wall clock
 * stands at what the file named in REDIS_CLOCK says, microseconds since 1970.
 * So keys expire exactly when the test wants them to, and nothing has to be
 * compared with a tolerance. Timers go on as ever, but for Redis 6, which has
 * them on this clock too.
 */
#include <sys/mman.h>
#include <sys/time.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static const volatile int64_t *now_us;

__attribute__((__constructor__)) static void
map_clock(void)
{
	const char *path = getenv("REDIS_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *p;

	if (fd == -1)
		_exit(127);
	p = mmap(NULL, sizeof(*now_us), PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		_exit(127);
	(void)close(fd);
	now_us = p;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	int64_t us = *now_us;

	(void)tz;
	tv->tv_sec = us / 1000000;
	tv->tv_usec = us % 1000000;
	return (0);
}
