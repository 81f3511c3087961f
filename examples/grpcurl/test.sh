#!/bin/sh
# Runs the commands of README.md against a real server and checks what they print. Needs Go, and `npm ci` at the top. Prints
# "N passed, N failed" and exits with 0 only if nothing failed.
set -u
cd "$(dirname "$0")/../.."

give_up() { echo "$1" >&2; echo "0 passed, 1 failed"; exit 1; }

command -v go >/dev/null || give_up "Go is not installed; it is needed to install grpcurl"
[ -x node_modules/.bin/node ] || give_up "node_modules is missing; run npm ci at the top"

work=$(mktemp -d)
server=
clean_up() {
  if [ -n "$server" ]; then kill -9 "$server" 2>/dev/null; wait "$server" 2>/dev/null; fi
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

GOBIN="$work/bin" go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3 >"$work/go.log" 2>&1 ||
  { cat "$work/go.log" >&2; give_up "grpcurl could not be installed"; }

ORRERY_HOST=127.0.0.1 ORRERY_PORT=0 ORRERY_DATA_DIR="$work/data" ORRERY_DATABASE_URL="sqlite:$work/orrery.db" \
  node_modules/.bin/node --conditions=@orrery/source services/standalone/src/main.ts >"$work/server.log" 2>&1 &
server=$!
address=
for _ in $(seq 100); do
  address=$(sed -n 's/^  gRPC  *\([0-9.:]*\).*/\1/p' "$work/server.log")
  [ -z "$address" ] && kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
[ -n "$address" ] || { cat "$work/server.log" >&2; give_up "the server did not start"; }

passed=0
failed=0
output=

# run WHAT ARGUMENTS…: calls grpcurl, which must succeed; what it prints is in $output.
run() {
  what=$1
  shift
  if output=$("$work/bin/grpcurl" -plaintext -max-time 30 "$@" 2>&1); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s\n%s\n' "$what" "$output" >&2
  fi
}

# refuse WHAT ARGUMENTS…: the same for a call that must be refused.
refuse() {
  what=$1
  shift
  if output=$("$work/bin/grpcurl" -plaintext -max-time 30 "$@" 2>&1); then
    failed=$((failed + 1))
    printf 'FAILED: %s was not refused\n%s\n' "$what" "$output" >&2
  else
    passed=$((passed + 1))
  fi
}

# expect PATTERN: $output must have a line that matches.
expect() {
  if printf '%s\n' "$output" | grep -Eq -- "$1"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s: nothing like %s in\n%s\n' "$what" "$1" "$output" >&2
  fi
}

run list "$address" list
services=$output
for service in grpc.health.v1.Health grpc.reflection.v1.ServerReflection orrery.dispatch.v1.DispatchService \
  orrery.task.v1.TaskService orrery.worker.v1.WorkerService; do
  expect "^$service\$"
done
for service in $services; do
  run "describe $service" "$address" describe "$service"
  expect "^service [A-Za-z]+ \{"
  expect '^  rpc '
done
run 'describe a message' "$address" describe orrery.task.v1.TaskSpec
expect '^  \.orrery\.task\.v1\.RetryPolicy retry_policy = 8;'
run 'list methods' "$address" list orrery.task.v1.TaskService
expect '^orrery\.task\.v1\.TaskService\.CreateTask$'

run health -d '{"service": "orrery.task.v1.TaskService"}' "$address" grpc.health.v1.Health/Check
expect '"status": "SERVING"'

params=$(printf '{"name": "Ada"}' | base64)
create="{\"task\": {\"id\": \"greet-1\", \"type\": \"example.greet\", \"params\": {\"data\": \"$params\"}, \"priority\": 5}, \"request_id\": \"a\"}"
run create -d "$create" "$address" orrery.task.v1.TaskService/CreateTask
expect '"id": "greet-1"'
expect '"status": "TASK_STATUS_PENDING"'
run 'create again' -d "$create" "$address" orrery.task.v1.TaskService/CreateTask
expect '"deduplicated": true'
run get -d '{"task_id": "greet-1"}' "$address" orrery.task.v1.TaskService/GetTask
expect "\"data\": \"$params\""
expect '"priority": 5'
run 'list tasks' -d '{"filter": {"types": ["example.*"]}}' "$address" orrery.task.v1.TaskService/ListTasks
expect '"id": "greet-1"'

run claim -d '{"options": {"worker_id": "me"}, "wait_timeout": "10s"}' "$address" orrery.dispatch.v1.DispatchService/ClaimTasks
expect '"taskId": "greet-1"'
token=$(printf '%s\n' "$output" | sed -n 's/.*"leaseToken": "\(.*\)".*/\1/p')
result=$(printf '{"greeting": "Hello, Ada!"}' | base64)
run complete -d "{\"completions\": [{\"lease\": {\"task_id\": \"greet-1\", \"lease_token\": \"$token\"}, \"result\": {\"data\": \"$result\"}}]}" \
  "$address" orrery.dispatch.v1.DispatchService/CompleteTasks
expect '"status": "TASK_STATUS_SUCCEEDED"'
run wait -d '{"task_id": "greet-1", "timeout": "5s"}' "$address" orrery.task.v1.TaskService/WaitTask
expect '"finished": true'
expect "\"data\": \"$result\""

refuse 'cancel what has ended' -d '{"task_id": "greet-1"}' "$address" orrery.task.v1.TaskService/CancelTask
expect 'Code: FailedPrecondition'
expect '"reason": "ILLEGAL_TRANSITION"'
refuse 'get what is not there' -d '{"task_id": "nothing"}' "$address" orrery.task.v1.TaskService/GetTask
expect '"reason": "TASK_NOT_FOUND"'

kill "$server"
if wait "$server"; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  cat "$work/server.log" >&2
  echo 'FAILED: the server did not end with 0' >&2
fi
server=

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
