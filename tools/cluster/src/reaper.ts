import { spawn } from 'node:child_process';

/** Sees to it that nothing is left when this process ends without cleaning up, e.g. by SIGKILL. */
export interface Reaper {
  /** A process that must not outlive this one. */
  started(pid: number): void;
  /** It has ended. */
  ended(pid: number): void;
  /** Nothing is left to clean up. */
  dismiss(): void;
}

// Reads what was started and ended until it is dismissed, or the pipe closes because the writer is gone.
const SCRIPT = `
pids=
without() { for each in $pids; do [ "$each" = "$1" ] || printf ' %s' "$each"; done; }
while read -r what pid; do
  case $what in
    started) pids="$pids $pid" ;;
    ended) pids=$(without "$pid") ;;
    dismissed) exit ;;
  esac
done
kill -CONT $pids 2>/dev/null
kill -TERM $pids 2>/dev/null
left=100
while [ $left -gt 0 ] && kill -0 $pids 2>/dev/null; do
  for pid in $pids; do kill -0 "$pid" 2>/dev/null || pids=$(without "$pid"); done
  left=$((left - 1)); sleep 0.1
done
kill -KILL $pids 2>/dev/null
[ -z "$0" ] || rm -rf "$0"
`;

/** Starts a reaper; it deletes the folder too, unless that is null. */
export function startReaper(folder: string | null): Reaper {
  const child = spawn('sh', ['-c', SCRIPT, folder ?? ''], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  const { stdin } = child;
  (stdin as { unref?(): void }).unref?.();
  stdin.on('error', () => undefined);
  return {
    started: (pid) => void stdin.write(`started ${pid}\n`),
    ended: (pid) => void stdin.write(`ended ${pid}\n`),
    dismiss: () => stdin.end('dismissed\n'),
  };
}
