import pino from 'pino';
import { scopeFields } from './call-scope.ts';
import { describeFields } from './describe-fields.ts';

/** How much is logged: everything from this level upwards. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts that go with a message: names, ids, counts, durations, and `error`. Never payloads. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a process says what it does. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Whether lines of a level are written, to be asked where putting their fields together costs something; without it, all are. */
  enabled?(level: LogLevel): boolean;
}

/** How a logger is made. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** `auto`: text if standard error is a terminal, else JSON. */
  readonly format: 'json' | 'text' | 'auto';
  /** Takes whole lines; standard error unless given. */
  readonly write?: (line: string) => void;
}

/** A logger that writes a line for each message to standard error before it returns, so that nothing is lost when the process ends. */
export function createLogger({ level, format, write }: LoggerOptions): Logger {
  const asText = format === 'text' || (format === 'auto' && process.stderr.isTTY);
  const sink = write ? { write } : pino.destination({ fd: 2, sync: true });
  const sorted = asText ? { write: (line: string) => void sink.write(toText(line)) } : sink;
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: scopeFields,
      formatters: { level: (label) => ({ level: label }) },
    },
    sorted,
  );
  return {
    enabled: (level) => logger.isLevelEnabled(level),
    debug: (message, fields) => {
      if (logger.isLevelEnabled('debug')) logger.debug(describeFields(fields), message);
    },
    info: (message, fields) => logger.info(describeFields(fields), message),
    warn: (message, fields) => logger.warn(describeFields(fields), message),
    error: (message, fields) => logger.error(describeFields(fields), message),
  };
}

/** `12:00:01.234 WARN  message key=value`, and the stack of an error below it. */
function toText(line: string): string {
  const { time, level, message, ...fields } = JSON.parse(line) as Record<string, string>;
  let text = `${time?.slice(11, 23)} ${level?.toUpperCase().padEnd(5)} ${message}`;
  let stack = '';
  for (const [name, value] of Object.entries(fields as Record<string, unknown>)) {
    const isError = typeof value === 'object' && value !== null && 'stack' in value;
    if (isError) stack += `\n  ${String(value.stack).replaceAll('\n', '\n  ')}`;
    else text += ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  }
  return `${text}${stack}\n`;
}
