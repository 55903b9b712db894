/*
 * Reading settings from where they stand. All knowledge of a single setting is
 * in conf_table.c, that of their types in conf_value.c. Text is parsed line by
 * line so that every complaint can name its line.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/conf_value.h"
#include "base/log.h"
#include "base/url.h"
#include "base/xmalloc.h"

#define CONF_FILE_MAX	(1024 * 1024)	/* a larger file is not ours */
#define ENV_PREFIX	"COLLABD_"

static const struct conf_option *
find(const char *name)
{
	size_t i;

	for (i = 0; i < conf_options_count; i++) {
		if (strcmp(conf_options[i].name, name) == 0)
			return (&conf_options[i]);
	}
	return (NULL);
}

/* The known name that is nearest to a mistyped one, or NULL. */
static const char *
guess(const char *name)
{
	size_t i, n, best = 3;		/* fewer shared letters is no guess */
	const char *found = NULL;

	for (i = 0; i < conf_options_count; i++) {
		const char *o = conf_options[i].name;

		for (n = 0; name[n] != '\0' && name[n] == o[n]; n++)
			;
		if (n > best) {
			best = n;
			found = o;
		}
	}
	return (found);
}

static void
complain_unknown(struct buf *err, const char *name)
{
	const char *near = guess(name);

	/* A stray line of a key or a URL has a "=" too, and is not quoted. */
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] != '\0' ||
	    strlen(name) > 64 || *name == '\0') {
		buf_add_str(err, "no name of a setting before the \"=\"");
		return;
	}
	buf_addf(err, "unknown setting \"%s\"", name);
	if (near != NULL)
		buf_addf(err, "; did you mean \"%s\"?", near);
}

void
conf_init(struct conf *conf)
{
	struct buf err = { NULL, 0, 0 };
	size_t i;

	memset(conf, 0, sizeof(*conf));
	for (i = 0; i < conf_options_count; i++) {
		if (!conf_value_set(conf, &conf_options[i], conf_options[i].def,
		    false, &err))
			log_fatal("default of %s", buf_str(&err));
	}
	buf_fini(&err);
}

void
conf_fini(struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf_options_count; i++)
		conf_value_free(conf, &conf_options[i]);
	memset(conf, 0, sizeof(*conf));
}

void
conf_move(struct conf *conf, struct conf *from)
{
	conf_fini(conf);
	*conf = *from;
	memset(from, 0, sizeof(*from));
}

bool
conf_set(struct conf *conf, const char *name, const char *value,
    struct buf *err)
{
	const struct conf_option *o = find(name);

	if (o == NULL) {
		complain_unknown(err, name);
		return (false);
	}
	return (conf_value_set(conf, o, value, false, err));
}

/* Cuts white space off both ends, in place. */
static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' ||
	    s[n - 1] == '\r'))
		s[--n] = '\0';
	return (s);
}

/* A value in double quotes keeps its blanks; the quotes go. */
static char *
unquote(char *s)
{
	size_t n = strlen(s);

	if (n < 2 || s[0] != '"' || s[n - 1] != '"')
		return (s);
	s[n - 1] = '\0';
	return (s + 1);
}

/* One line of a file; seen has a flag for each option that the file set. */
static bool
load_line(struct conf *conf, char *line, bool *seen, struct buf *err)
{
	const struct conf_option *o;
	char *name, *value;
	size_t i;

	name = trim(line);
	if (*name == '\0' || *name == '#')
		return (true);
	if ((value = strchr(name, '=')) == NULL) {
		buf_add_str(err, "not of the form \"name = value\"");
		return (false);
	}
	*value++ = '\0';
	name = trim(name);
	value = unquote(trim(value));
	if ((o = find(name)) == NULL) {
		complain_unknown(err, name);
		return (false);
	}
	i = (size_t)(o - conf_options);
	if (seen[i] && o->type != CONF_LIST) {
		buf_addf(err, "%s is set a second time", name);
		return (false);
	}
	if (!conf_value_set(conf, o, value, seen[i], err))
		return (false);
	seen[i] = true;
	return (true);
}

bool
conf_load_text(struct conf *conf, const char *name, const char *text, size_t n,
    struct buf *err)
{
	struct buf what = { NULL, 0, 0 };
	bool *seen = xcalloc(conf_options_count, sizeof(*seen));
	bool ok = true;
	char *copy, *line, *next;
	unsigned lineno = 1;

	copy = xmemdup0(text, n);
	if (strlen(copy) != n) {
		buf_add_str(&what, "a NUL byte in the file");
		ok = false;
	}
	for (line = copy; ok && line != NULL; line = next, lineno++) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		if (!(ok = load_line(conf, line, seen, &what)))
			break;
	}
	if (!ok)
		buf_addf(err, "%s:%u: %s", name, lineno, buf_str(&what));
	buf_fini(&what);
	explicit_bzero(copy, n);
	free(copy);
	free(seen);
	return (ok);
}

/* Reads a whole small file; NULL with a sentence in err. *n is its length. */
static char *
read_file(const char *path, size_t *n, struct buf *err)
{
	char *text = NULL;
	struct stat st;
	ssize_t got;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    fstat(fd, &st) == -1) {
		buf_addf(err, "%s: %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) &&
	    !S_ISCHR(st.st_mode)) {
		buf_addf(err, "%s: not a file", path);
		goto out;
	}
	text = xmalloc(CONF_FILE_MAX);
	for (*n = 0; (got = read(fd, text + *n, CONF_FILE_MAX - *n)) > 0;)
		*n += (size_t)got;
	if (got == -1 || *n == CONF_FILE_MAX) {
		buf_addf(err, "%s: %s", path, got == -1 ? strerror(errno) :
		    "larger than 1 MiB");
		explicit_bzero(text, *n);
		free(text);
		text = NULL;
	}
out:
	if (fd != -1)
		close(fd);
	return (text);
}

bool
conf_load_file(struct conf *conf, const char *path, struct buf *err)
{
	char *text;
	size_t n;
	bool ok;

	if ((text = read_file(path, &n, err)) == NULL)
		return (false);
	ok = conf_load_text(conf, path, text, n, err);
	explicit_bzero(text, n);
	free(text);
	return (ok);
}

/* COLLABD_ and the name in capitals. */
static void
env_name(const struct conf_option *o, char *out, size_t cap)
{
	size_t i, n;

	n = (size_t)snprintf(out, cap, ENV_PREFIX "%s", o->name);
	for (i = LITLEN(ENV_PREFIX); i < n && i < cap; i++)
		out[i] = (char)toupper((unsigned char)out[i]);
}

/* Values that conf_scrub_env() took out of the environment, by option: the
 * name itself and the further one. */
static struct {
	char	*own;
	char	*other;
} *scrubbed;

static const char *
env_value(const struct conf_option *o, const char *name, bool is_own)
{
	size_t i = (size_t)(o - conf_options);
	const char *value = getenv(name);

	if (value != NULL || scrubbed == NULL)
		return (value);
	return (is_own ? scrubbed[i].own : scrubbed[i].other);
}

static bool
load_env_option(struct conf *conf, const struct conf_option *o,
    struct buf *err)
{
	struct buf what = { NULL, 0, 0 };
	const char *value = NULL, *from;
	char name[96];
	bool ok = true;

	env_name(o, name, sizeof(name));
	from = name;
	if ((value = env_value(o, name, true)) == NULL && o->env != NULL) {
		from = o->env;
		value = env_value(o, o->env, false);
		/* What others set, empty, means "not set" (REDIS_URL=). */
		if (value != NULL && *value == '\0')
			value = NULL;
	}
	if (value != NULL && !conf_value_set(conf, o, value, false, &what)) {
		buf_addf(err, "environment %s: %s", from, buf_str(&what));
		ok = false;
	}
	buf_fini(&what);
	return (ok);
}

bool
conf_load_env(struct conf *conf, struct buf *err)
{
	const char *port = getenv("PORT");
	char address[32];
	size_t i;
	int number;

	/* A platform that sets PORT routes to it from outside the machine. */
	if (port != NULL && *port != '\0' &&
	    getenv(ENV_PREFIX "LISTEN") == NULL) {
		if (!url_parse_port(slice_of(port), &number)) {
			buf_add_str(err, "environment PORT: not a port number");
			return (false);
		}
		(void)snprintf(address, sizeof(address), "0.0.0.0:%s", port);
		if (!conf_set(conf, "listen", address, err))
			return (false);
	}
	for (i = 0; i < conf_options_count; i++) {
		if (!load_env_option(conf, &conf_options[i], err))
			return (false);
	}
	return (true);
}

static void
scrub(const char *name, char **kept)
{
	char *value = getenv(name);

	if (value == NULL)
		return;
	*kept = xstrdup(value);
	explicit_bzero(value, strlen(value));
	(void)unsetenv(name);
}

void
conf_scrub_env(void)
{
	char name[96];
	size_t i;

	if (scrubbed == NULL)
		scrubbed = xcalloc(conf_options_count, sizeof(*scrubbed));
	for (i = 0; i < conf_options_count; i++) {
		if ((conf_options[i].flags & CONF_SECRET) == 0)
			continue;
		env_name(&conf_options[i], name, sizeof(name));
		scrub(name, &scrubbed[i].own);
		if (conf_options[i].env != NULL)
			scrub(conf_options[i].env, &scrubbed[i].other);
	}
}

/* The key in a file: all of it but the line ends behind it. */
static bool
load_key(struct conf *conf, struct buf *err)
{
	size_t n;
	char *text;

	if (*conf->secret_key_file == '\0')
		return (true);
	if (*conf->secret_key != '\0') {
		buf_add_str(err, "secret_key and secret_key_file are both set; "
		    "keep one");
		return (false);
	}
	buf_add_str(err, "secret_key_file: ");
	if ((text = read_file(conf->secret_key_file, &n, err)) == NULL)
		return (false);
	buf_drain(err, err->n);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	free(conf->secret_key);		/* which is empty */
	conf->secret_key = xmemdup0(text, n);
	explicit_bzero(text, n);
	free(text);
	return (true);
}

static bool
load_fallbacks(struct conf *conf, struct buf *err)
{
	char *text, *line, *end;
	size_t n;

	if (*conf->secret_key_fallbacks_file == '\0')
		return (true);
	buf_add_str(err, "secret_key_fallbacks_file: ");
	text = read_file(conf->secret_key_fallbacks_file, &n, err);
	if (text == NULL)
		return (false);
	buf_drain(err, err->n);
	for (line = text; line < text + n; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + n - line));
		if (end == NULL)
			end = text + n;
		if (end > line)
			conf_value_add_item(&conf->secret_key_fallbacks, line,
			    (size_t)(end - line) -
			    (size_t)(end[-1] == '\r'));
	}
	explicit_bzero(text, n);
	free(text);
	return (true);
}

/* Slashes at both ends go: "/admin/collaboration/" means the same. */
static void
trim_slashes(char *s)
{
	size_t n = strlen(s), lead = strspn(s, "/");

	memmove(s, s + lead, n - lead + 1);
	n -= lead;
	while (n > 0 && s[n - 1] == '/')
		s[--n] = '\0';
}

/* The length of the "app_label.name" that s begins with; 0 if with none. */
static size_t
dotted_name(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t app = strspn(s, allowed), name;

	if (app == 0 || s[app] != '.')
		return (0);
	name = strspn(s + app + 1, allowed);
	return (name == 0 ? 0 : app + 1 + name);
}

/* "app_label.codename"; empty is none. */
static bool
is_permission(const char *s)
{
	return (s[dotted_name(s)] == '\0');
}

/* Whether the entry of room_alias is one for the model, of n bytes. */
static bool
is_alias_of(const char *entry, const char *model, size_t n)
{
	return (strncmp(entry, model, n) == 0 && entry[n] == '=');
}

/* One step from each model to that of its rooms, and only one way. */
static bool
check_alias(const struct conf_list *list, size_t at, struct buf *err)
{
	const char *entry = list->v[at], *to;
	size_t n = dotted_name(entry), i;

	if (n == 0 || entry[n] != '=' || entry[n + 1] == '\0' ||
	    !is_permission(to = entry + n + 1)) {
		buf_addf(err, "room_alias: \"%s\" must be of the form "
		    "app.model=app.model, such as press.draft=press.article",
		    entry);
		return (false);
	}
	for (i = 0; i < list->n; i++) {
		if (i < at && is_alias_of(list->v[i], entry, n)) {
			buf_addf(err, "room_alias: %.*s stands there twice",
			    (int)n, entry);
			return (false);
		}
		if (is_alias_of(list->v[i], to, strlen(to))) {
			buf_addf(err, "room_alias: \"%s\" leads to a model "
			    "that has an alias itself; name the one at the end",
			    entry);
			return (false);
		}
	}
	return (true);
}

static bool
check_aliases(const struct conf_list *list, struct buf *err)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (!check_alias(list, i, err))
			return (false);
	}
	return (true);
}

bool
conf_finish(struct conf *conf, struct buf *err)
{
	if (!load_key(conf, err) || !load_fallbacks(conf, err))
		return (false);
	trim_slashes(conf->websocket_prefix);
	trim_slashes(conf->admin_url);
	if (*conf->websocket_prefix == '\0') {
		buf_add_str(err, "websocket_prefix: must not be empty");
		return (false);
	}
	if (conf->listen.n == 0) {
		buf_add_str(err, "listen: needs at least one address");
		return (false);
	}
	if (*conf->secret_key == '\0') {
		buf_add_str(err, "secret_key: Django's SECRET_KEY is needed to "
		    "read its sessions; set secret_key_file to a file that "
		    "holds it, or SECRET_KEY in the environment");
		return (false);
	}
	if (*conf->database_url == '\0') {
		buf_add_str(err, "database_url: the database of the Django "
		    "site is needed; set it here, or DATABASE_URL in the "
		    "environment");
		return (false);
	}
	if (conf->workers != 0 &&
	    conf->workers * 2 > conf->redis_max_connections) {
		buf_addf(err, "workers: %lld workers need %lld connections to "
		    "Redis, and redis_max_connections is %lld; raise it or "
		    "lower workers", (long long)conf->workers,
		    (long long)conf->workers * 2,
		    (long long)conf->redis_max_connections);
		return (false);
	}
	if (conf->drain_time_ms > conf->shutdown_timeout_ms) {
		buf_add_str(err, "drain_time: must not be longer than "
		    "shutdown_timeout");
		return (false);
	}
	if (conf->reauth_grace_ms != 0 &&
	    conf->reauth_grace_ms < conf->reauth_interval_ms) {
		buf_add_str(err, "reauth_grace: must be 0 (sockets stay open "
		    "for ever while the database cannot be asked) or not "
		    "shorter than reauth_interval, which is how often it is "
		    "asked");
		return (false);
	}
	if (!is_permission(conf->take_over_permission)) {
		buf_add_str(err, "take_over_permission: must be of the form "
		    "app_label.codename, such as shop.take_over_item, or "
		    "empty");
		return (false);
	}
	if (!check_aliases(&conf->room_alias, err))
		return (false);
	if (*conf->admin_log_table == '\0')
		conf->save_poll_interval_ms = 0;
	if (conf->message_burst < conf->message_rate)
		conf->message_burst = conf->message_rate;
	/* What one socket may do, its user may. */
	if (conf->user_message_rate != 0 &&
	    conf->user_message_rate < conf->message_rate)
		conf->user_message_rate = conf->message_rate;
	if (conf->user_message_burst < conf->user_message_rate)
		conf->user_message_burst = conf->user_message_rate;
	if (conf->user_message_burst < conf->message_burst)
		conf->user_message_burst = conf->message_burst;
	return (true);
}

void
conf_dump(const struct conf *conf, struct buf *out)
{
	size_t i;

	for (i = 0; i < conf_options_count; i++) {
		const struct conf_option *o = &conf_options[i];

		buf_addf(out, "%s = ", o->name);
		if ((o->flags & CONF_SECRET) != 0 &&
		    !conf_value_is_empty(conf, o))
			buf_add_str(out, "********");
		else
			conf_value_add(conf, o, out);
		buf_add_char(out, '\n');
	}
}

void
conf_diff_restart(const struct conf *a, const struct conf *b, struct buf *out)
{
	struct buf va = { NULL, 0, 0 }, vb = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < conf_options_count; i++) {
		const struct conf_option *o = &conf_options[i];

		if ((o->flags & CONF_RESTART) == 0)
			continue;
		buf_reset(&va);
		buf_reset(&vb);
		conf_value_add(a, o, &va);
		conf_value_add(b, o, &vb);
		if (strcmp(buf_str(&va), buf_str(&vb)) != 0)
			buf_addf(out, "%s%s", out->n == 0 ? "" : " ", o->name);
	}
	buf_fini(&va);
	buf_fini(&vb);
}

void
conf_keep_restart(struct conf *conf, const struct conf *old)
{
	size_t i;

	for (i = 0; i < conf_options_count; i++) {
		if ((conf_options[i].flags & CONF_RESTART) != 0)
			conf_value_copy(conf, old, &conf_options[i]);
	}
}
