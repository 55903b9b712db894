/*
 * Time, under the two names that matter: monotonic milliseconds for deadlines
 * inside one machine, wall-clock microseconds since 1970 for everything that
 * is stored or shown. How it is written is in clock_text.h. Any thread.
 */
#ifndef COLLABD_BASE_CLOCK_H
#define COLLABD_BASE_CLOCK_H

#include <stdint.h>

#include "base/clock_text.h"

int64_t	clock_mono_ms(void);
int64_t	clock_mono_us(void);
int64_t	clock_wall_us(void);

#endif
