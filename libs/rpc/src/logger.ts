/** Where the SDKs log; a pino logger is one. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Whether lines of a level are written; without it, all are taken to be. */
  isLevelEnabled?(level: string): boolean;
}

/** The default: warnings and errors to standard error, one line of JSON each; nothing else. */
export const stderrLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => write('warn', fields, message),
  error: (fields, message) => write('error', fields, message),
  isLevelEnabled: (level) => level === 'warn' || level === 'error',
};

/** The same logger with fields that go with every line. */
export function withFields(logger: Logger, bound: object): Logger {
  return {
    isLevelEnabled: (level) => isEnabled(logger, level),
    debug: (fields, message) => logger.debug({ ...bound, ...fields }, message),
    info: (fields, message) => logger.info({ ...bound, ...fields }, message),
    warn: (fields, message) => logger.warn({ ...bound, ...fields }, message),
    error: (fields, message) => logger.error({ ...bound, ...fields }, message),
  };
}

/** Whether a logger writes lines of a level, to be asked before their fields are put together. */
export function isEnabled(logger: Logger, level: string): boolean {
  return logger.isLevelEnabled?.(level) ?? true;
}

function write(level: string, fields: object, message: string): void {
  const line = { time: new Date().toISOString(), level, message, ...fields };
  process.stderr.write(`${JSON.stringify(line, (_, value: unknown) => readable(value))}\n`);
}

function readable(value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message };
  return typeof value === 'bigint' ? value.toString() : value;
}
