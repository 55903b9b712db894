/*
 * The trial. Whether the client gets into a page is decided by nginx for each
 * page anew; so it is not guessed here but looked at, on the one page of the
 * admin that everybody may see.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "start/trial.h"

#define LOOK_MS		15000	/* a first page may have much to import */
#define TURN_MS		20
#define PAGE_MAX	(512 * 1024)
#define TAG		"client.js\"></script></head>"
#define POLICY		"Content-Security-Policy:"

static int
connect_to(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)port);
	if (fd != -1 &&
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1) {
		close(fd);
		fd = -1;
	}
	return (fd);
}

/* All of an answer; what came in time of it. */
static void
fetch(int port, const char *path, struct supervisor *sup, struct buf *page)
{
	int64_t until = clock_mono_ms() + LOOK_MS;
	char *request = xasprintf("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "Accept: text/html\r\nAccept-Encoding: gzip\r\n"
	    "Connection: close\r\n\r\n", path, port);
	int fd = connect_to(port);
	ssize_t n;

	if (fd != -1 &&
	    send(fd, request, strlen(request), MSG_NOSIGNAL) != -1) {
		do {
			n = recv(fd, buf_reserve(page, 4096), 4096,
			    MSG_DONTWAIT);
			if (n > 0)
				page->n += (size_t)n;
			else if (n == -1 && errno == EAGAIN)
				sup_wait(sup, TURN_MS);
			else
				break;
		} while (page->n < PAGE_MAX && clock_mono_ms() < until &&
		    !sup_is_over(sup));
	}
	if (fd != -1)
		close(fd);
	free(request);
}

/* The value of the first header of this name (with its colon), or NULL. The
 * caller frees it. */
static char *
header(const char *page, const char *name)
{
	const char *line = page, *value;
	size_t n = strlen(name);

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncmp(line, "\r\n", 2) == 0)
			return (NULL);
		if (strncasecmp(line, name, n) == 0) {
			value = line + n + strspn(line + n, " ");
			return (xmemdup0(value, strcspn(value, "\r\n")));
		}
	}
	return (NULL);
}

static void
explain(const char *page, const char *path)
{
	char *policy = header(page, POLICY);
	char *type = header(page, "Content-Type:");
	int status = 0;

	if (sscanf(page, "HTTP/1.1 %d", &status) != 1)
		log_warn("%s did not answer; the client is in no page that "
		    "was seen", path);
	else if (status != 200 || type == NULL ||
	    strncasecmp(type, "text/html", 9) != 0)
		log_warn("%s answers %d (%s), not a page: the client goes into "
		    "pages below the admin's path only; is it another "
		    "(-o admin_url=...)?", path, status,
		    type == NULL ? "of no type" : type);
	else if (policy != NULL)
		log_warn("the Content-Security-Policy of %s forbids the "
		    "client, which is left out: add 'self' to its script-src "
		    "(and connect-src and style-src) to try it: %s", path,
		    policy);
	else
		log_warn("%s has no </head> where the client could go, or it "
		    "is compressed although nobody asked for that", path);
	free(policy);
	free(type);
}

void
trial_say(const struct options *o, const struct settings *set,
    struct supervisor *sup)
{
	char *path = xasprintf("/%s%slogin/", set->admin,
	    *set->admin == '\0' ? "" : "/");
	struct buf page = { NULL, 0, 0 };

	fetch(o->port, path, sup, &page);
	if (!sup_is_over(sup)) {
		if (strstr(buf_str(&page), TAG) == NULL)
			explain(buf_str(&page), path);
		(void)printf("\n    http://%s:%d/%s%s\n\n"
		    "Open it in two browsers as two users: one object in "
		    "both.\n(One of them can be a private window.) Ctrl-C ends "
		    "it.\n\n", strcmp(o->host, "0.0.0.0") == 0 ? "localhost" :
		    o->host, o->port, set->admin, *set->admin == '\0' ? "" :
		    "/");
		(void)fflush(stdout);
	}
	buf_fini(&page);
	free(path);
}
