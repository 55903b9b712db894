/*
 * Talking to a service manager without its library: sd_notify(3)'s datagrams.
 * Owns the address, taken from the environment once. Master only.
 */
#ifndef COLLABD_PROCESS_NOTIFY_H
#define COLLABD_PROCESS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC and takes them out of the environment,
 * so that no child speaks in our name. */
void	notify_init(void);
/* One datagram, e.g. "READY=1\nSTATUS=..."; nothing when nobody listens. */
void	notify_send(const char *text);
/* RELOADING=1 with the monotonic time that systemd 253 wants. */
void	notify_reloading(void);
/* Milliseconds between two WATCHDOG=1, 0 when none is wanted. */
int64_t	notify_watchdog_ms(void);

#endif
