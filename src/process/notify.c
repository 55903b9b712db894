/*
 * sd_notify(3) by hand: a datagram to the unix socket named in the
 * environment; "@" begins an abstract name.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/notify.h"

static struct sockaddr_un notify_address;
static socklen_t notify_len;	/* 0: nobody listens */
static int64_t watchdog_ms;

static void
init_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (usec != NULL && (pid == NULL ||
	    strtol(pid, NULL, 10) == getpid()))
		watchdog_ms = strtoll(usec, NULL, 10) / 2000;
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

void
notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n;

	init_watchdog();
	if (path != NULL && (path[0] == '/' || path[0] == '@') &&
	    (n = strlen(path)) < sizeof(notify_address.sun_path)) {
		notify_address.sun_family = AF_UNIX;
		memcpy(notify_address.sun_path, path, n);
		if (path[0] == '@')
			notify_address.sun_path[0] = '\0';
		notify_len = (socklen_t)(offsetof(struct sockaddr_un,
		    sun_path) + n);
	}
	(void)unsetenv("NOTIFY_SOCKET");
}

void
notify_send(const char *text)
{
	int fd;

	if (notify_len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (const struct sockaddr *)&notify_address, notify_len);
	close(fd);
}

void
notify_reloading(void)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)clock_mono_us());
	notify_send(text);
}

int64_t
notify_watchdog_ms(void)
{
	return (notify_len == 0 ? 0 : watchdog_ms);
}
