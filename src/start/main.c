/*
 * start-collabd: a site behind a private nginx, with collabd beside it. Exit
 * status: that of the site's command, or sysexits(3).
 */
#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "start/options.h"
#include "start/start.h"

int
main(int argc, char **argv)
{
	struct buf err = { NULL, 0, 0 };
	struct options o;
	int status = EX_OK;

	log_set_prefix("start-collabd");
	switch (options_parse(&o, argc, argv, &err)) {
	case OPTIONS_OK:
		status = start_run(&o);
		break;
	case OPTIONS_DONE:
		break;
	case OPTIONS_WRONG:
		status = EX_USAGE;
		if (err.n != 0)
			(void)fprintf(stderr, "start-collabd: %s\n",
			    buf_str(&err));
		break;
	}
	options_fini(&o);
	buf_fini(&err);
	return (status);
}
