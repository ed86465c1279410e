#!/bin/sh
# Runs workerd so that it ends with the Node process that drives it, also when that one is killed.
# Without setpriv (it is Linux's) a killed driver leaves workerd behind; one that is asked to stop never does.
if command -v setpriv >/dev/null; then
  exec setpriv --pdeathsig KILL "$WORKERD" "$@"
fi
exec "$WORKERD" "$@"
