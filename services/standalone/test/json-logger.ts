import type { Logger } from '@orrery/worker';

/** Everything that is logged, as lines of JSON on standard error. */
export const jsonLogger: Logger = {
  debug: (fields, message) => write('debug', fields, message),
  info: (fields, message) => write('info', fields, message),
  warn: (fields, message) => write('warn', fields, message),
  error: (fields, message) => write('error', fields, message),
};

function write(level: string, fields: object, message: string): void {
  process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
}
