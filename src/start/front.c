/*
 * The private nginx. We hold its listening socket and hand it over in the way
 * in which one nginx hands its sockets to the next (the variable NGINX): so a
 * port that is taken is known before anything was started, and a connection that
 * comes while nginx is started anew waits instead of being refused.
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "start/front.h"
#include "start/template.h"

#define BACKLOG		4096	/* cut to net.core.somaxconn by the kernel */
#define CONNECTIONS	20480	/* 10,000 requests, each with one to the site */
#define SPARE_FDS	64
#define CHECK_MS	10000
#define CONF_MAX	(64 * 1024)

static void
explain_bind(const struct options *o, struct buf *err)
{
	buf_addf(err, "cannot listen on %s:%d: %s", o->host, o->port,
	    strerror(errno));
	if (errno == EADDRINUSE)
		buf_add_str(err, "; end what listens there, or choose another "
		    "port with --listen");
	else if (errno == EACCES)
		buf_add_str(err, "; ports below 1024 are for root");
}

bool
front_bind(struct front *f, struct options *o, struct buf *err)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int on = 1;

	sin.sin_port = htons((uint16_t)o->port);
	(void)inet_pton(AF_INET, o->host, &sin.sin_addr);
	f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (f->fd == -1 || setsockopt(f->fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)) == -1 ||
	    bind(f->fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    getsockname(f->fd, (struct sockaddr *)&sin, &len) == -1) {
		explain_bind(o, err);
		front_close(f);
		return (false);
	}
	o->port = ntohs(sin.sin_port);
	return (true);
}

bool
front_find(struct front *f, const struct options *o, struct buf *err)
{
	const char *name = o->nginx != NULL ? o->nginx : "nginx";

	f->has_e = true;
	if ((f->program = argv_find_program(name)) == NULL)
		buf_addf(err, "there is no program \"%s\"; install the package "
		    "nginx-light, or name it with --nginx", name);
	return (f->program != NULL);
}

/* As many as the system grants, and not more than are of use. */
static unsigned long
connections(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == -1 ||
	    lim.rlim_max >= CONNECTIONS + SPARE_FDS)
		return (CONNECTIONS);
	return (lim.rlim_max > 2 * SPARE_FDS ? lim.rlim_max - SPARE_FDS :
	    SPARE_FDS);
}

/* --- its configuration --- */

static const char *
if_on(bool is_on)
{
	return (is_on ? "on" : NULL);
}

static bool
make_conf(const struct front *f, const struct options *o,
    const struct settings *set, const char *site, struct buf *out)
{
	struct buf err = { NULL, 0, 0 };
	char listen[OPTIONS_HOST_SIZE + 8], places[24], files[24], timeout[24];
	struct template_var vars[] = {
		{ "folder", f->folder }, { "site", site },
		{ "listen", listen }, { "connections", places },
		{ "files", files }, { "timeout", timeout },
		{ "access_log", o->access_log },
		{ "user", *f->user.user == '\0' ? NULL : f->user.user },
		{ "group", f->user.group }, { "trust", if_on(o->trust) },
		{ "collabd", if_on(set != NULL) },
		{ "inject", if_on(set != NULL && o->inject) },
		{ "guard", if_on(set != NULL && set->has_guard) },
		{ "own_admin", if_on(set != NULL &&
		    (o->inject || set->has_guard)) },
		{ "prefix", set == NULL ? NULL : set->prefix },
		{ "admin", set == NULL ? NULL : set->admin },
	};
	bool ok;

	(void)snprintf(listen, sizeof(listen), "%s:%d", o->host, o->port);
	(void)snprintf(places, sizeof(places), "%lu", connections());
	(void)snprintf(files, sizeof(files), "%lu", connections() + SPARE_FDS);
	(void)snprintf(timeout, sizeof(timeout), "%lld",
	    (long long)o->timeout_s);
	ok = template_expand(template_nginx, vars, COUNT_OF(vars), out, &err);
	if (!ok)
		log_err("%s", buf_str(&err));
	buf_fini(&err);
	return (ok);
}

static void
make_command(const struct front *f, bool is_test, struct argv *argv)
{
	argv_add(argv, f->program);
	if (is_test)
		argv_add(argv, "-t");
	/* Else it opens the log of the machine's own nginx first. */
	if (f->has_e) {
		argv_add(argv, "-e");
		argv_add(argv, "stderr");
	}
	argv_add(argv, "-p");
	argv_add(argv, f->folder);
	argv_add(argv, "-c");
	argv_add(argv, f->conf);
}

static int
run_test(struct front *f, struct supervisor *sup, const char *said)
{
	struct argv argv = { NULL, 0 };
	struct child_setup setup = { .in = "/dev/null", .out = said,
	    .err = said, .fd = -1, .end_signal = SIGKILL,
	    .flags = CHILD_OWN_GROUP | CHILD_CLEAN_ENV };
	int status;

	make_command(f, true, &argv);
	setup.argv = argv.v;
	status = sup_run(sup, "nginx -t", &setup, CHECK_MS);
	argv_fini(&argv);
	return (status);
}

/* An nginx before 1.19.5 does not know -e. */
static bool
check(struct front *f, struct supervisor *sup)
{
	struct buf text = { NULL, 0, 0 };
	char *said = xasprintf("%s/nginx.said", f->folder);
	int status;

	status = run_test(f, sup, said);
	(void)folder_read(said, CONF_MAX, &text);
	if (status == 1 && f->has_e && strstr(buf_str(&text),
	    "invalid option: \"e\"") != NULL) {
		f->has_e = false;
		buf_reset(&text);
		status = run_test(f, sup, said);
		(void)folder_read(said, CONF_MAX, &text);
	}
	if (status != 0 && !sup_is_over(sup))
		log_err("nginx does not take its configuration: %s",
		    buf_str(&text));
	(void)unlink(said);
	free(said);
	buf_fini(&text);
	return (status == 0);
}

bool
front_configure(struct front *f, const struct options *o,
    const struct settings *set, const char *site, struct supervisor *sup,
    bool *changed)
{
	struct buf conf = { NULL, 0, 0 }, old = { NULL, 0, 0 };
	bool ok;

	if (f->conf == NULL)
		f->conf = xasprintf("%s/nginx.conf", f->folder);
	(void)folder_read(f->conf, CONF_MAX, &old);
	ok = make_conf(f, o, set, site, &conf);
	*changed = ok && strcmp(buf_str(&old), buf_str(&conf)) != 0;
	if (ok && *changed) {
		ok = folder_write(f->conf, conf.p, conf.n);
		if (!ok)
			log_err("%s: %s", f->conf, strerror(errno));
		ok = ok && check(f, sup);
		/* Who is started again has the one that works. */
		if (!ok && old.n != 0 && !folder_write(f->conf, old.p, old.n))
			log_err("%s: %s", f->conf, strerror(errno));
	}
	buf_fini(&conf);
	buf_fini(&old);
	return (ok);
}

/* --- the process --- */

int
front_start(struct front *f, struct supervisor *sup)
{
	struct argv argv = { NULL, 0 };
	const char *folders = getenv("PATH");
	char *passed = xasprintf("NGINX=%d;", f->fd);
	char *path = xasprintf("PATH=%s", folders == NULL ? "" : folders);
	char *set[] = { passed, folders == NULL ? NULL : path, NULL };
	struct child_setup setup = { .set = set, .in = "/dev/null",
	    .fd = f->fd, .end_signal = SIGQUIT,
	    .flags = CHILD_OWN_GROUP | CHILD_CLEAN_ENV | CHILD_NO_TERM };
	int error = 0;

	if (listen(f->fd, BACKLOG) == -1)
		error = errno;
	make_command(f, false, &argv);
	setup.argv = argv.v;
	if (error == 0)
		error = child_start(&sup->child[SUP_NGINX], "nginx", &setup);
	argv_fini(&argv);
	free(passed);
	free(path);
	return (error);
}

void
front_close(struct front *f)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
}

void
front_fini(struct front *f)
{
	front_close(f);
	free(f->program);
	free(f->conf);
	f->program = f->conf = NULL;
}
