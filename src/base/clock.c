/*
 * The clocks. Alone in their file, because the simulator (tests/sim/) has others.
 */
#include <time.h>

#include "base/clock.h"

static int64_t
read_clock_us(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return ((int64_t)ts.tv_sec * US_PER_SEC + ts.tv_nsec / 1000);
}

int64_t
clock_mono_us(void)
{
	return (read_clock_us(CLOCK_MONOTONIC));
}

int64_t
clock_mono_ms(void)
{
	return (clock_mono_us() / US_PER_MS);
}

int64_t
clock_wall_us(void)
{
	return (read_clock_us(CLOCK_REALTIME));
}
