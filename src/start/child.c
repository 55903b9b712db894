/*
 * Making child processes. The site begins with the signals as we found them, not
 * as our loop wants them; each is told when we are killed.
 *
 * A platform that ends a dyno or a cgroup says SIGTERM to each of its processes
 * at once. nginx takes that as "at once", and cuts answers off which the site
 * is still giving; it has no setting for it. So it begins with SIGTERM ignored,
 * and a filter of the kernel makes its attempt to take the signal back succeed
 * without an effect: it ends by what we say, SIGQUIT or SIGINT. Where there are
 * no such filters, it does what nginx does.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "start/child.h"

#if defined(__x86_64__)
#define ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH	AUDIT_ARCH_AARCH64
#endif

static void
never_term(void)
{
#ifdef ARCH
	/* rt_sigaction(SIGTERM, ...) answers 0 and does nothing. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_rt_sigaction, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args)),	/* low half */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIGTERM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT_OF(code), code };

	/* First, since the filter holds for us as well. */
	(void)signal(SIGTERM, SIG_IGN);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == -1)
		(void)signal(SIGTERM, SIG_DFL);
#endif
}

static bool
use_file(const char *path, int flags, int fd)
{
	int opened;
	bool ok;

	if (path == NULL)
		return (true);
	if ((opened = open(path, flags, 0600)) == -1)
		return (false);
	ok = opened == fd || dup2(opened, fd) != -1;
	if (opened != fd)
		close(opened);
	return (ok);
}

static bool
set_env(const struct child_setup *setup)
{
	size_t i;

	if ((setup->flags & CHILD_CLEAN_ENV) != 0 && clearenv() != 0)
		return (false);
	for (i = 0; setup->unset != NULL && setup->unset[i] != NULL; i++)
		(void)unsetenv(setup->unset[i]);
	for (i = 0; setup->set != NULL && setup->set[i] != NULL; i++) {
		if (putenv(setup->set[i]) != 0)
			return (false);
	}
	return (true);
}

/* A shell's background job ignores some of them, and what is ignored when it
 * comes before a program has its handlers is lost. */
static void
hear_signals(void)
{
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
}

/* In the child; returns only if it failed, with errno. parent: whose end ends
 * it, also when that was before now. */
static void
become(const struct child_setup *setup, pid_t parent)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, setup->end_signal);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	if ((setup->flags & CHILD_OWN_GROUP) != 0) {
		(void)setpgid(0, 0);
		hear_signals();
	}
	if (!use_file(setup->in, O_RDONLY, STDIN_FILENO) ||
	    !use_file(setup->out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND,
	    STDOUT_FILENO) || !use_file(setup->err, O_WRONLY | O_CREAT |
	    O_APPEND, STDERR_FILENO) || !set_env(setup))
		return;
	if (setup->fd != -1)
		(void)fcntl(setup->fd, F_SETFD, 0);
	if ((setup->flags & CHILD_NO_TERM) != 0)
		never_term();
	(void)execvp(setup->argv[0], setup->argv);
}

int
child_start(struct child *c, const char *name, const struct child_setup *setup)
{
	pid_t pid, parent = getpid();
	int p[2], error = 0;
	ssize_t n;

	memset(c, 0, sizeof(*c));
	c->name = name;
	if (pipe2(p, O_CLOEXEC) == -1)
		return (errno);
	if ((pid = fork()) == -1) {
		error = errno;
		close(p[0]);
		close(p[1]);
		return (error);
	}
	if (pid == 0) {
		become(setup, parent);
		error = errno;
		if (write(p[1], &error, sizeof(error)) == -1)
			_exit(EXIT_FAILURE);
		_exit(EXIT_FAILURE);
	}
	close(p[1]);
	do
		n = read(p[0], &error, sizeof(error));
	while (n == -1 && errno == EINTR);
	close(p[0]);
	if (n == (ssize_t)sizeof(error)) {
		(void)waitpid(pid, NULL, 0);
		return (error);
	}
	c->pid = pid;
	c->started_ms = clock_mono_ms();
	return (0);
}

bool
child_runs(const struct child *c)
{
	return (c->pid != 0);
}

void
child_signal(const struct child *c, int sig)
{
	if (c->pid != 0)
		(void)kill(c->pid, sig);
}

void
child_signal_group(pid_t pid, int sig)
{
	if (pid > 1)
		(void)kill(-pid, sig);
}

int
child_exit_status(int status)
{
	return (WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status));
}

void
child_add_end(struct buf *out, int status)
{
	if (WIFSIGNALED(status))
		buf_addf(out, "was ended by signal %d", WTERMSIG(status));
	else
		buf_addf(out, "ended with status %d", WEXITSTATUS(status));
}
