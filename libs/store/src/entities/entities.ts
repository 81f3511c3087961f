import type { Dialect } from '../dialect.ts';
import { auditRecordEntity } from './audit-record.ts';
import { createRequestEntity } from './create-request.ts';
import { definitionEntity } from './definition.ts';
import { taskDedupEntity } from './task-dedup.ts';
import { eventCursorEntity, eventPositionEntity, eventSequencerEntity } from './event-log.ts';
import { finishedTaskEntity } from './finished-task.ts';
import { flowLimitEntity, flowRateEntity } from './flow.ts';
import { outboxEntity } from './outbox.ts';
import { quotaUseEntity } from './quota-use.ts';
import { scheduleEntity, scheduleRunEntity } from './schedule.ts';
import { taskEntity } from './task.ts';
import { workerEntity } from './worker.ts';

/** The whole schema, as one dialect has it. */
export function entities(dialect: Dialect) {
  return [
    taskEntity(dialect),
    finishedTaskEntity(dialect),
    flowLimitEntity(dialect),
    flowRateEntity(dialect),
    createRequestEntity(dialect),
    taskDedupEntity(dialect),
    definitionEntity(dialect),
    quotaUseEntity(dialect),
    outboxEntity(dialect),
    ...(dialect === 'postgresql' ? [eventPositionEntity(), eventSequencerEntity()] : []),
    eventCursorEntity(dialect),
    auditRecordEntity(dialect),
    workerEntity(dialect),
    scheduleEntity(dialect),
    scheduleRunEntity(dialect),
  ];
}
