/*
 * Reading the command line. Options end at the first word that is none: the
 * rest is the site's command, whatever it looks like.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <bsd/stdlib.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/url.h"
#include "start/options.h"
#include "start/template.h"

#define WAIT_S		60
#define TIMEOUT_S	120
#define LONGEST_S	86400
#define USUAL_HOST	"127.0.0.1"
#define USUAL_PORT	8000
#define EVERY_HOST	"0.0.0.0"

enum { OPT_INJECT = 256, OPT_WAIT, OPT_TIMEOUT, OPT_FORWARDED, OPT_NGINX,
    OPT_COLLABD, OPT_PYTHON, OPT_ACCESS_LOG };

static const struct option names[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "listen", required_argument, NULL, 'l' },
	{ "version", no_argument, NULL, 'V' },
	{ "inject", no_argument, NULL, OPT_INJECT },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "forwarded", required_argument, NULL, OPT_FORWARDED },
	{ "nginx", required_argument, NULL, OPT_NGINX },
	{ "collabd", required_argument, NULL, OPT_COLLABD },
	{ "python", required_argument, NULL, OPT_PYTHON },
	{ "access-log", required_argument, NULL, OPT_ACCESS_LOG },
	{ NULL, 0, NULL, 0 },
};

static void
usage(FILE *out)
{
	(void)fprintf(out,
	    "usage: start-collabd [options] command [argument ...]\n"
	    "  -c, --config file     collabd's settings (./collabd.conf, else "
	    "manage.py is asked)\n"
	    "  -o name=value         a setting of collabd\n"
	    "  -l, --listen address  [address:]port for browsers (PORT, else "
	    "127.0.0.1:8000)\n"
	    "  --inject              a trial: put the client into the admin's "
	    "pages\n"
	    "  --wait seconds        for the command to accept (60)\n"
	    "  --timeout seconds     for the command to answer (120)\n"
	    "  --forwarded trust|replace\n"
	    "                        X-Forwarded-* of who connects (trust if "
	    "PORT is set)\n"
	    "  --access-log file     nginx's; - is standard output (none)\n"
	    "  --nginx, --collabd, --python program\n"
	    "  -V, --version         print the version\n"
	    "  -h, --help            print this\n"
	    "{socket} or {port} in an argument is where the command is to "
	    "listen.\nThe rest is in start-collabd(1).\n");
}

static bool
seconds(const char *name, const char *text, int64_t *value, struct buf *err)
{
	const char *why;

	*value = strtonum(text, 1, LONGEST_S, &why);
	if (why != NULL)
		buf_addf(err, "--%s %s: must be a number of seconds, 1 to %d",
		    name, text, LONGEST_S);
	return (why == NULL);
}

static bool
parse_port(const char *text, int *port)
{
	return (url_parse_port(slice_of(text), port));
}

/* port or address:port. */
static bool
parse_listen(struct options *o, const char *text, struct buf *err)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - text);
	struct in_addr addr;

	if (parse_port(colon == NULL ? text : colon + 1, &o->port) &&
	    n < sizeof(o->host)) {
		(void)snprintf(o->host, sizeof(o->host), "%.*s", (int)n, text);
		if (n == 0)
			(void)snprintf(o->host, sizeof(o->host), USUAL_HOST);
		if (inet_pton(AF_INET, o->host, &addr) == 1)
			return (true);
	}
	buf_addf(err, "--listen %s: must be a port or address:port, such as "
	    "0.0.0.0:8000", text);
	return (false);
}

static bool
parse_forwarded(struct options *o, const char *text, struct buf *err)
{
	o->trust = strcmp(text, "trust") == 0;
	if (o->trust || strcmp(text, "replace") == 0)
		return (true);
	buf_addf(err, "--forwarded %s: must be trust or replace", text);
	return (false);
}

static bool
parse_setting(struct options *o, const char *text, struct buf *err)
{
	if (strchr(text, '=') == NULL) {
		buf_addf(err, "-o %s: not of the form name=value", text);
		return (false);
	}
	argv_add(&o->settings, "-o");
	argv_add(&o->settings, text);
	return (true);
}

static bool
parse_access_log(struct options *o, const char *text, struct buf *err)
{
	o->access_log = strcmp(text, "-") == 0 ? "/dev/stdout" : text;
	if (template_is_plain(o->access_log))
		return (true);
	buf_addf(err, "--access-log %s: must be a path of plain letters", text);
	return (false);
}

/* A platform that sets PORT routes to it from outside of the machine, and says
 * in headers who asked. */
static bool
load_port(struct options *o, struct buf *err)
{
	const char *port = getenv("PORT");

	(void)snprintf(o->host, sizeof(o->host), USUAL_HOST);
	o->port = USUAL_PORT;
	if (port == NULL || *port == '\0')
		return (true);
	if (!parse_port(port, &o->port) || o->port == 0) {
		buf_add_str(err, "environment PORT: not a port number; it must "
		    "be 1 to 65535");
		return (false);
	}
	(void)snprintf(o->host, sizeof(o->host), EVERY_HOST);
	o->trust = true;
	return (true);
}

static bool
is_off(const char *text)
{
	static const char *const words[] = { "0", "off", "no", "false" };
	size_t i;

	for (i = 0; text != NULL && i < COUNT_OF(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return (true);
	}
	return (false);
}

/* One option; false with a sentence in err, or none if it is no option. */
static bool
take(struct options *o, int ch, const char **listen, struct buf *err)
{
	switch (ch) {
	case 'c':
		o->file = optarg;
		return (true);
	case 'o':
		return (parse_setting(o, optarg, err));
	case 'l':
		*listen = optarg;
		return (true);
	case OPT_INJECT:
		o->inject = true;
		return (true);
	case OPT_WAIT:
		if (!seconds("wait", optarg, &o->wait_ms, err))
			return (false);
		o->wait_ms *= 1000;
		return (true);
	case OPT_TIMEOUT:
		return (seconds("timeout", optarg, &o->timeout_s, err));
	case OPT_NGINX:
		o->nginx = optarg;
		return (true);
	case OPT_COLLABD:
		o->collabd = optarg;
		return (true);
	case OPT_PYTHON:
		o->python = optarg;
		return (true);
	case OPT_ACCESS_LOG:
		return (parse_access_log(o, optarg, err));
	default:
		return (false);
	}
}

enum options_result
options_parse(struct options *o, int argc, char **argv, struct buf *err)
{
	const char *listen = NULL, *forwarded = NULL;
	int ch;

	memset(o, 0, sizeof(*o));
	o->wait_ms = WAIT_S * INT64_C(1000);
	o->timeout_s = TIMEOUT_S;
	while ((ch = getopt_long(argc, argv, "+c:hl:o:V", names, NULL)) != -1) {
		if (ch == 'h') {
			usage(stdout);
			return (OPTIONS_DONE);
		}
		if (ch == 'V') {
			(void)printf("start-collabd %s\n", COLLABD_VERSION);
			return (OPTIONS_DONE);
		}
		if (ch == OPT_FORWARDED)
			forwarded = optarg;
		else if (!take(o, ch, &listen, err)) {
			if (err->n == 0)
				usage(stderr);
			return (OPTIONS_WRONG);
		}
	}
	if (optind == argc) {
		usage(stderr);
		return (OPTIONS_WRONG);
	}
	o->command = argv + optind;
	o->is_off = is_off(getenv("COLLABD_ENABLED"));
	/* Another address than the platform's is not what its router uses. */
	if (listen == NULL ? !load_port(o, err) : !parse_listen(o, listen, err))
		return (OPTIONS_WRONG);
	if (forwarded != NULL && !parse_forwarded(o, forwarded, err))
		return (OPTIONS_WRONG);
	return (OPTIONS_OK);
}

void
options_fini(struct options *o)
{
	argv_fini(&o->settings);
	memset(o, 0, sizeof(*o));
}
