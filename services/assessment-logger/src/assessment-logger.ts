import { type AuditStore, type Clock, type Subscription, systemClock } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { Logger, Loop, ServiceModule } from '@orrery/service';
import { auditService } from './audit-service.ts';
import type { EventSource } from './event-source.ts';
import { recordEvents } from './record-events.ts';
import { startRetentionLoop } from './retention-loop.ts';

/** What the assessment-logger is made of. */
export interface AssessmentLoggerParts {
  readonly store: { readonly audit: AuditStore };
  /** Where events come from: `fromBus` or `fromLog`. */
  readonly source: EventSource;
  /** How long the audit trail is kept. */
  readonly retention: Duration;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The assessment-logger: the record of what happened. */
export function createAssessmentLoggerService(parts: AssessmentLoggerParts): ServiceModule {
  const { store, source, retention, logger, clock = systemClock } = parts;
  let subscription: Subscription | undefined;
  let forgetting: Loop | undefined;
  return {
    name: 'assessment-logger',
    bindings: [auditService(store.audit)],
    async start() {
      subscription = await source((events) => recordEvents(store.audit, events));
      forgetting = startRetentionLoop({ audit: store.audit, retention, clock, logger });
    },
    async drain() {},
    async stop() {
      await Promise.all([subscription?.stop(), forgetting?.stop()]);
    },
  };
}
