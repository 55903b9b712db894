/*
 * The command line: reads the configuration from its four sources, in order
 * default, file, environment, -o, and hands it to the master. Exit status:
 * sysexits(3) where it has a word for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "process/check.h"
#include "process/master.h"

#define DEFAULT_FILE	COLLABD_SYSCONFDIR "/collabd.conf"

/* What the command line said; a reload reads it again. */
static struct {
	const char	 *file;		/* NULL: the default, if it is there */
	char		**options;	/* of -o, "name=value" */
	size_t		  n;
} args;

static void
usage(FILE *out)
{
	(void)fprintf(out,
	    "usage: collabd [-c file] [-o name=value] [-t | -T | -V | -h]\n"
	    "  -c file        the configuration (default %s)\n"
	    "  -o name=value  a setting that overrules the file and the "
	    "environment\n"
	    "  -t             check the configuration and what it points at\n"
	    "  -T             print the settings in force, secrets hidden\n"
	    "  -V             print the version\n"
	    "  -h             print this\n"
	    "Everything else is in collabd(8) and collabd.conf(5).\n",
	    DEFAULT_FILE);
}

static bool
load_options(struct conf *conf, struct buf *err)
{
	char *copy, *value;
	size_t i;
	bool ok;

	for (i = 0; i < args.n; i++) {
		copy = xstrdup(args.options[i]);
		if ((value = strchr(copy, '=')) == NULL) {
			buf_addf(err, "-o %s: not of the form name=value",
			    copy);
			free(copy);
			return (false);
		}
		*value++ = '\0';
		buf_add_str(err, "-o ");
		ok = conf_set(conf, copy, value, err);
		free(copy);
		if (!ok)
			return (false);
		buf_reset(err);
	}
	return (true);
}

/* Fills a conf that has its defaults, and checks it. */
static bool
load(struct conf *conf, struct buf *err)
{
	const char *file = args.file;

	if (file == NULL && access(DEFAULT_FILE, F_OK) == 0)
		file = DEFAULT_FILE;
	return ((file == NULL || conf_load_file(conf, file, err)) &&
	    conf_load_env(conf, err) && load_options(conf, err) &&
	    conf_finish(conf, err) && check_conf(conf, err));
}

static int
dump(const struct conf *conf)
{
	struct buf out = { NULL, 0, 0 };

	conf_dump(conf, &out);
	(void)fputs(buf_str(&out), stdout);
	buf_fini(&out);
	return (EXIT_SUCCESS);
}

static int
check(const struct conf *conf)
{
	(void)printf("configuration: ok\n");
	(void)fflush(stdout);
	return (check_servers(conf) ? EXIT_SUCCESS : EX_UNAVAILABLE);
}

static int
run(struct conf *conf)
{
	struct master_setup setup = { .conf = conf, .load = load };

	if (!log_open(conf->log_file)) {
		log_err("log_file: %s: %s", conf->log_file, strerror(errno));
		return (EX_CANTCREAT);
	}
	return (master_run(&setup));
}

int
main(int argc, char **argv)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));
	struct buf err = { NULL, 0, 0 };
	int ch, mode = 0, status;

	while ((ch = getopt(argc, argv, "c:ho:tTV")) != -1) {
		switch (ch) {
		case 'c':
			args.file = optarg;
			break;
		case 'o':
			args.options = xreallocarray(args.options, args.n + 1,
			    sizeof(*args.options));
			args.options[args.n++] = optarg;
			break;
		case 't':
		case 'T':
			mode = ch;
			break;
		case 'V':
			(void)printf("collabd %s\n", COLLABD_VERSION);
			return (EXIT_SUCCESS);
		case 'h':
			usage(stdout);
			return (EXIT_SUCCESS);
		default:
			usage(stderr);
			return (EX_USAGE);
		}
	}
	if (optind != argc) {
		usage(stderr);
		return (EX_USAGE);
	}
	conf_init(conf);
	if (!load(conf, &err)) {
		(void)fprintf(stderr, "collabd: %s\n", buf_str(&err));
		return (EX_CONFIG);
	}
	conf_scrub_env();
	log_set_level((enum log_level)conf->log_level);
	if (mode != 'T')
		check_warn(conf);
	status = mode == 't' ? check(conf) : mode == 'T' ? dump(conf) :
	    run(conf);
	conf_fini(conf);
	free(conf);
	free(args.options);
	buf_fini(&err);
	return (status);
}
