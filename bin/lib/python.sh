# Sourced by bin/test and bin/demo: find a Python, and keep a virtual environment in step with a requirements file.

# Prints the first Python that runs, is 3.11 or later and can make virtual environments. Each candidate is run, because a name on
# PATH proves nothing: version switchers leave names there that only print an error. Status 1: none is new enough; 2: no venv module.
find_python() {
  local candidate status=1
  for candidate in python3.13 python3.12 python3.11 python3 python /usr/bin/python3; do
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 </dev/null || continue
    status=2
    "$candidate" -c 'import venv; from ensurepip import version' >/dev/null 2>&1 </dev/null || continue
    "$candidate" -c 'import sys; print(sys.executable)' </dev/null
    return 0
  done
  return "$status"
}

# in_step VENV STAMP: true if VENV was finished with this stamp and its Python still runs.
in_step() {
  [[ -f $1/stamp && $(<"$1/stamp") == "$2" ]] && "$1/bin/python" -c '' >/dev/null 2>&1 </dev/null
}

# make_venv PYTHON VENV: an empty environment in place of whatever is there. What venv has to say is shown only if it fails.
make_venv() {
  local said
  rm -rf -- "$2"
  said=$("$1" -m venv "$2" 2>&1 </dev/null) || { echo "$said" >&2; return 1; }
}

# install_pinned VENV REQUIREMENTS [OPTION...]: exactly what the file names, checked against its hashes, by the environment's own pip.
install_pinned() {
  "$1/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-warn-script-location \
    --require-hashes --requirement "$2" "${@:3}" </dev/null
}
