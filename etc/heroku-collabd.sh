#!/bin/sh
# bin/collabd of an app that bin/compile has built: collabd alone, on $PORT, for
# those who route to it from elsewhere. It is configured as start-collabd would
# do it: by collabd.conf, else by what the site's Django says, and the
# environment wins.
set -u
set +x				# keys are in here
cd "$(dirname "$0")/.." || exit 1
: "${PORT:=8080}"
export PORT

if [ -f collabd.conf ]; then
	exec collabd -c collabd.conf "$@"
fi
[ -f manage.py ] || exec collabd "$@"

umask 077
folder=$(mktemp -d) || exit 1
python=python
command -v $python >/dev/null || python=python3
COLLABD_CONF_FOLDER=$folder $python manage.py shell -v 0 \
    <.collabd/share/collabd/django_conf.py >"$folder/conf" || {
	echo "collabd: the site's Django does not say its settings" >&2
	exit 1
}
# The key is the site's own, unless it is told another one.
if [ -n "${COLLABD_SECRET_KEY+x}" ]; then
	grep -v '^secret_key_file ' "$folder/conf" >"$folder/collabd.conf"
else
	unset SECRET_KEY
	mv "$folder/conf" "$folder/collabd.conf"
fi
exec collabd -c "$folder/collabd.conf" "$@"
