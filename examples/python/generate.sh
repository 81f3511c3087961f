#!/bin/sh
# Makes the Python stubs from proto/ into ./orrery. Uses the Python of .venv, or the one that PYTHON names.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-.venv/bin/python}
proto=../../proto

rm -rf orrery
# google.* comes with the packages protobuf and googleapis-common-protos.
find "$proto/orrery" -name '*.proto' -exec \
  "$python" -m grpc_tools.protoc -I "$proto" --python_out=. --pyi_out=. --grpc_python_out=. {} +
echo "stubs are in $(pwd)/orrery"
