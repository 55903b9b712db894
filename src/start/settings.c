/*
 * collabd's settings. What they mean is collabd's own business: it is asked
 * (-T), and it checks them (-t), so that no rule about them is here as well.
 *
 * A site is asked by running a piece of Python in its manage.py. What it prints
 * has its secrets and stays in the private folder. It is asked anew at each
 * start: its settings are a program, which may read anything, so there is no
 * telling from outside whether they would be the same; and the site itself
 * starts meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "start/command.h"
#include "start/folder.h"
#include "start/settings.h"
#include "start/template.h"

#define ASK_MS		45000	/* a large site on a small machine */
#define CHECK_MS	30000
#define TEXT_MAX	(256 * 1024)
#define OWN_FILE	"collabd.conf"
#define MANAGE		"manage.py"
#define WITHOUT		"the site goes on without collabd"

const char *const settings_unset[] = { "PORT", "NOTIFY_SOCKET",
    "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS",
    "LISTEN_FDNAMES", NULL };

/* What the steps share. */
struct search {
	struct settings	*set;
	const struct options *o;
	struct supervisor *sup;
	const char	*folder;
	int		 port;
};

/* The last line of a file that a program wrote; the caller frees it. */
static char *
last_line(const char *path)
{
	struct buf text = { NULL, 0, 0 };
	char *copy, *line, *rest = NULL, *last = NULL;

	(void)folder_read(path, TEXT_MAX, &text);
	copy = xstrdup(buf_str(&text));
	for (line = strtok_r(copy, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest))
		last = line;
	last = xstrdup(last == NULL ? "it says nothing" : last);
	free(copy);
	buf_fini(&text);
	return (last);
}

/* Each line of a file that a program wrote, in the log, but those that say that
 * something is in order; only those with these words, if that is not NULL. */
static void
log_lines(const char *who, const char *path, const char *with)
{
	struct buf text = { NULL, 0, 0 };
	char *copy, *line, *rest = NULL;

	if (folder_read(path, TEXT_MAX, &text)) {
		copy = xstrdup(buf_str(&text));
		for (line = strtok_r(copy, "\n", &rest); line != NULL;
		    line = strtok_r(NULL, "\n", &rest)) {
			if (strstr(line, ": ok") == NULL && (with == NULL ||
			    strstr(line, with) != NULL))
				log_warn("%s: %s", who, line);
		}
		free(copy);
	}
	buf_fini(&text);
}

static bool
file_has(const char *path, const char *words)
{
	struct buf text = { NULL, 0, 0 };
	bool found;

	found = folder_read(path, TEXT_MAX, &text) &&
	    strstr(buf_str(&text), words) != NULL;
	buf_fini(&text);
	return (found);
}

/* --- asking the site --- */

/* The manage.py of the command, else the one that is here; NULL if none is. */
static const char *
find_manage(const struct search *s)
{
	const char *slash;
	char **arg;

	for (arg = s->o->command; *arg != NULL; arg++) {
		slash = strrchr(*arg, '/');
		if (strcmp(slash == NULL ? *arg : slash + 1, MANAGE) == 0 &&
		    access(*arg, R_OK) == 0)
			return (*arg);
	}
	return (access(MANAGE, R_OK) == 0 ? MANAGE : NULL);
}

/* It has printed what it should into out, and what it has to remark into err. */
static bool
note_answer(const struct search *s, const char *manage, bool is_done,
    const char *out, const char *err, int64_t ms)
{
	char *last;

	if (is_done && file_has(out, "\ndatabase_url = ")) {
		log_info("asked %s for the site's settings, which took %.1f s",
		    manage, (double)ms / 1000);
		log_lines(manage, err, "django_conf: ");
		return (true);
	}
	if (!sup_is_over(s->sup)) {
		last = last_line(err);
		log_warn("%s cannot be asked for the site's settings: %s; "
		    "mend that, or write a collabd.conf; " WITHOUT, manage,
		    last);
		free(last);
	}
	return (false);
}

/* Runs the script in the site. What it printed before stays if it fails now:
 * a collabd that is started again reads that. */
static bool
run_script(const struct search *s, char *python, char *manage, const char *conf)
{
	char *argv[] = { python, manage, NULL, NULL, NULL, NULL };
	char shell[] = "shell", v[] = "-v", zero[] = "0";
	char *script = xasprintf("%s/django_conf.py", s->folder);
	char *folder = xasprintf("COLLABD_CONF_FOLDER=%s", s->folder);
	char *out = xasprintf("%s/asked", s->folder);
	char *err = xasprintf("%s/remarks", s->folder);
	char *set[] = { folder, NULL };
	struct child_setup setup = { .argv = argv, .set = set, .in = script,
	    .out = out, .err = err, .fd = -1, .end_signal = SIGKILL,
	    .flags = CHILD_OWN_GROUP };
	int64_t begin = clock_mono_ms();
	bool ok = false;

	argv[2] = shell;
	argv[3] = v;
	argv[4] = zero;
	(void)unlink(err);
	if (!folder_write(script, template_django, strlen(template_django)))
		log_err("%s: %s", script, strerror(errno));
	else {
		ok = sup_run(s->sup, "the site's settings", &setup, ASK_MS) ==
		    0;
		ok = note_answer(s, manage, ok, out, err,
		    clock_mono_ms() - begin) && rename(out, conf) == 0;
	}
	(void)unlink(out);
	(void)unlink(err);
	free(script);
	free(folder);
	free(out);
	free(err);
	return (ok);
}

/* The path of a collabd.conf made by the site; NULL with the reason logged. */
static char *
ask_site(const struct search *s, const char *manage)
{
	char *conf = xasprintf("%s/" OWN_FILE, s->folder);
	char *python, *copy = xstrdup(manage);
	bool ok = false;

	python = s->o->python != NULL ? xstrdup(s->o->python) :
	    command_python(s->o->command[0]);
	if (python == NULL)
		log_warn("there is no python3 that could ask %s; name it with "
		    "--python; " WITHOUT, manage);
	else
		ok = run_script(s, python, copy, conf);
	free(python);
	free(copy);
	if (!ok) {
		free(conf);
		conf = NULL;
	}
	return (conf);
}

/* *file is NULL where collabd shall look itself. */
static bool
find_file(const struct search *s, char **file)
{
	const char *manage;

	*file = NULL;
	if (s->o->file != NULL || access(OWN_FILE, F_OK) == 0)
		*file = xstrdup(s->o->file != NULL ? s->o->file : OWN_FILE);
	else if ((manage = find_manage(s)) != NULL)
		return ((*file = ask_site(s, manage)) != NULL);
	return (true);
}

/* --- asking collabd --- */

/* Beside us, as in a build folder, or where "make install" puts it. */
static char *
find_program(const struct options *o)
{
	static const char *const places[] = { "", "/../sbin" };
	char self[512], *path, *found;
	const char *slash;
	ssize_t n;
	size_t i;

	if (o->collabd != NULL)
		return (argv_find_program(o->collabd));
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0 && (slash = memrchr(self, '/', (size_t)n)) != NULL) {
		for (i = 0; i < COUNT_OF(places); i++) {
			path = xasprintf("%.*s%s/collabd",
			    (int)(slash - self), self, places[i]);
			found = argv_find_program(path);
			free(path);
			if (found != NULL)
				return (found);
		}
	}
	return (argv_find_program("collabd"));
}

static void
add_setting(struct argv *command, const char *fmt, const char *value)
{
	argv_add(command, "-o");
	argv_add_own(command, xasprintf("%s%s", fmt, value));
}

/* The options that are ours come last, so that they hold. */
static bool
make_command(const struct search *s, const char *file)
{
	struct argv *command = &s->set->command;
	char *program = find_program(s->o), *path;
	size_t i;

	if (program == NULL) {
		log_warn("there is no program \"%s\"; install collabd, or name "
		    "it with --collabd; " WITHOUT,
		    s->o->collabd != NULL ? s->o->collabd : "collabd");
		return (false);
	}
	argv_add_own(command, program);
	if (file != NULL) {
		argv_add(command, "-c");
		argv_add(command, file);
	}
	for (i = 0; i < s->o->settings.n; i++)
		argv_add(command, s->o->settings.v[i]);
	path = xasprintf("%s/collabd.sock", s->folder);
	add_setting(command, "listen=unix:", path);
	/* nginx is the only one who gets there. */
	add_setting(command, "trusted_proxies=", "unix");
	if (s->o->inject)
		add_setting(command, "redis_url=", "embedded");
	free(path);
	return (true);
}

/* Runs the command with one more option; what it prints is in file. */
static int
run_collabd(const struct search *s, const char *option, const char *file)
{
	struct argv argv = { NULL, 0 };
	struct child_setup setup = { .unset = settings_unset, .in = "/dev/null",
	    .out = file, .err = file, .fd = -1, .end_signal = SIGTERM,
	    .flags = CHILD_OWN_GROUP };
	size_t i;
	int status;

	for (i = 0; i < s->set->command.n; i++)
		argv_add(&argv, s->set->command.v[i]);
	/* What it would say of its day is nobody's concern here. */
	add_setting(&argv, "log_level=", "warning");
	argv_add(&argv, option);
	setup.argv = argv.v;
	status = sup_run(s->sup, "collabd", &setup, CHECK_MS);
	argv_fini(&argv);
	return (status);
}

/* "name = value" in what -T prints; a copy that the caller frees, or NULL. */
static char *
find_value(const char *text, const char *name)
{
	size_t n = strlen(name);
	const char *line = text, *end;

	while (line != NULL && *line != '\0') {
		end = strchrnul(line, '\n');
		if (strncmp(line, name, n) == 0 &&
		    strncmp(line + n, " = ", 3) == 0)
			return (xmemdup0(line + n + 3,
			    (size_t)(end - line) - n - 3));
		line = *end == '\0' ? NULL : end + 1;
	}
	return (NULL);
}

static char *
or_else(char *value, const char *other)
{
	return (value != NULL ? value : xstrdup(other));
}

/* What nginx has to know, and whether it can stand in its configuration. */
static bool
take_values(const struct search *s, const char *text)
{
	char *guard = find_value(text, "save_guard");
	char *runtime = find_value(text, "runtime_dir"), *folder;

	s->set->prefix = or_else(find_value(text, "websocket_prefix"),
	    "admin/collaboration");
	s->set->admin = or_else(find_value(text, "admin_url"), "admin");
	s->set->has_guard = guard != NULL && strcmp(guard, "off") != 0;
	if ((runtime == NULL || *runtime == '\0') &&
	    (folder = folder_for_redis(s->port)) != NULL) {
		add_setting(&s->set->command, "runtime_dir=", folder);
		free(folder);
	}
	free(guard);
	free(runtime);
	if (template_is_plain(s->set->prefix) &&
	    template_is_plain(s->set->admin))
		return (true);
	log_warn("websocket_prefix and admin_url can only have plain letters "
	    "behind start-collabd; " WITHOUT);
	return (false);
}

/* Lets collabd read its settings: true if they are in order. */
static bool
read_settings(const struct search *s, const char *file)
{
	struct buf text = { NULL, 0, 0 };
	int status = run_collabd(s, "-T", file);
	bool ok = false;

	if (status == 0 && folder_read(file, TEXT_MAX, &text))
		ok = take_values(s, buf_str(&text));
	else if (!sup_is_over(s->sup)) {
		log_lines("collabd -T", file, NULL);
		log_warn("collabd cannot start with these settings; " WITHOUT);
	}
	buf_fini(&text);
	return (ok);
}

/* What does not answer now may do so later: collabd asks again and again. But
 * a program that is not installed does not come. */
static bool
check_servers(const struct search *s, const char *file)
{
	int status;

	(void)unlink(file);
	if ((status = run_collabd(s, "-t", file)) == 0 || sup_is_over(s->sup))
		return (status == 0);
	log_lines("collabd -t", file, NULL);
	if (status == EX_UNAVAILABLE &&
	    !file_has(file, "redis_url = embedded: cannot run")) {
		log_warn("collabd is started all the same, and works as soon "
		    "as that is mended");
		return (true);
	}
	log_warn(WITHOUT);
	return (false);
}

bool
settings_find(struct settings *set, const struct options *o,
    struct supervisor *sup, const char *folder, int port)
{
	struct search s = { set, o, sup, folder, port };
	char *file = NULL, *said = xasprintf("%s/said", folder);
	bool ok;

	memset(set, 0, sizeof(*set));
	(void)unlink(said);
	ok = find_file(&s, &file) && make_command(&s, file) &&
	    read_settings(&s, said) && check_servers(&s, said);
	(void)unlink(said);
	free(said);
	free(file);
	if (!ok)
		settings_fini(set);
	return (ok);
}

void
settings_fini(struct settings *set)
{
	argv_fini(&set->command);
	free(set->prefix);
	free(set->admin);
	memset(set, 0, sizeof(*set));
}
