# Sourced when a dyno starts, before its command: .profile.d/collabd.sh of an app
# that bin/compile has built. Sets what fits one dyno, where the site says nothing
# else: neither a config var of that name (COLLABD_WORKERS ...) nor a line in
# collabd.conf.
# shellcheck shell=sh

# Config vars are secrets, so none of this is traced.
case $- in
*x*) set +x; collabd_trace=1 ;;
*) collabd_trace= ;;
esac

# Behind the app's own programs.
PATH=$PATH:$HOME/.collabd/bin:$HOME/.collabd/sbin
export PATH

# The setting $1 is $2.
collabd_default() {
	collabd_name=COLLABD_$(echo "$1" | tr a-z A-Z)
	if eval "[ -z \"\${$collabd_name+x}\" ]" && ! grep -qs \
	    "^[[:space:]]*$1[[:space:]]*=" "$HOME/collabd.conf"; then
		export "$collabd_name=$2"
	fi
}

# Not one for each core, of which a dyno shows those of its whole machine; nor
# WEB_CONCURRENCY, which is the app's.
collabd_default workers 2
# Of 20 that the small plans have, most are for the app.
collabd_default auth_max_connections 8
collabd_default redis_max_connections 6
# Redis has a certificate of its own making here. COLLABD_REDIS_TLS_VERIFY=on
# is for one that has not.
case ${COLLABD_REDIS_URL-${REDIS_URL-}} in
rediss://*) collabd_default redis_tls_verify off ;;
esac

unset -f collabd_default
unset collabd_name
[ -z "$collabd_trace" ] || set -x
unset collabd_trace
