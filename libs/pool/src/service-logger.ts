import { isEnabled, type Logger } from '@orrery/rpc';
import type { LogFields, LogLevel, Logger as ServiceLogger } from '@orrery/service';

/** The SDKs' logger as services call it. */
export function serviceLogger(logger: Logger): ServiceLogger {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) =>
      logger[level](fields, message);
  return {
    enabled: (level) => isEnabled(logger, level),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
