import {
  DEFAULT_CATCH_UP,
  type OverlapPolicy,
  type RunCause,
  type Schedule,
  type ScheduledTask,
  type ScheduleDefinition,
  type ScheduleRun,
  scheduleState,
  type ScheduleTiming,
} from '@orrery/core';
import { IntervalMode, OverlapPolicy as Overlap } from './generated/orrery/schedule/v1/schedule.ts';
import { RunCause as Cause, RunStatus, ScheduleState as State } from './generated/orrery/schedule/v1/schedule.ts';
import { TaskSpec } from './generated/orrery/task/v1/task.ts';
import { invalidField } from './invalid-field.ts';
import { payloadFromProto, payloadToProto } from './map-payload.ts';
import { retryPolicyFromProto, retryPolicyToProto } from './map-retry-policy.ts';
import { durationFromProto, durationToProto, timeFromProto } from './map-time.ts';
import type * as schedulev1 from './schedule-v1.ts';
import type * as taskv1 from './task-v1.ts';

const EPOCH = new Date(0);

/** A schedule as the wire carries it. */
export function scheduleToProto(schedule: Schedule): schedulev1.Schedule {
  return {
    id: schedule.id,
    namespace: schedule.namespace,
    spec: scheduleSpecToProto(schedule),
    state: State[scheduleState(schedule)],
    nextRunTime: schedule.paused ? undefined : (schedule.nextRunAt ?? undefined),
    lastRunTime: schedule.lastRunAt ?? undefined,
    lastTaskId: schedule.lastTaskId,
    activeTaskId: schedule.activeTaskId,
    queuedCount: schedule.queuedCount,
    firedCount: BigInt(schedule.firedCount),
    skippedCount: BigInt(schedule.skippedCount),
    createTime: schedule.createdAt,
    updateTime: schedule.updatedAt,
    revision: BigInt(schedule.revision),
  };
}

/** Reads a schedule as a server tells of it; refuses with INVALID_FIELD what no server would say. */
export function scheduleFromProto(schedule: schedulev1.Schedule, field = 'schedule'): Schedule {
  if (!schedule.spec?.task) throw invalidField(`${field}.spec.task`, 'must be set');
  return {
    ...scheduleSpecFromProto(schedule.spec, `${field}.spec`),
    task: scheduledTaskFromProto(schedule.spec.task, `${field}.spec.task`),
    id: schedule.id,
    namespace: schedule.namespace,
    paused: schedule.state === State.PAUSED,
    nextRunAt: timeFromProto(schedule.nextRunTime, `${field}.next_run_time`),
    lastRunAt: timeFromProto(schedule.lastRunTime, `${field}.last_run_time`),
    lastTaskId: schedule.lastTaskId,
    activeTaskId: schedule.activeTaskId,
    queuedCount: schedule.queuedCount,
    firedCount: Number(schedule.firedCount),
    skippedCount: Number(schedule.skippedCount),
    createdAt: requiredTime(schedule.createTime, `${field}.create_time`),
    updatedAt: requiredTime(schedule.updateTime, `${field}.update_time`),
    deletedAt: null,
    revision: Number(schedule.revision),
  };
}

/** What people decide about a schedule, as the wire carries it. */
export function scheduleSpecToProto(definition: ScheduleDefinition): schedulev1.ScheduleSpec {
  return {
    task: scheduledTaskToProto(definition.task),
    timing: timingToProto(definition.timing),
    startTime: definition.startAt ?? undefined,
    endTime: definition.endAt ?? undefined,
    jitter: definition.jitter ? durationToProto(definition.jitter) : undefined,
    overlapPolicy: Overlap[definition.overlap],
    catchUp: definition.catchUp,
  };
}

/**
 * Reads what people decide about a schedule, but for its task: reading that is the front door's business. Refuses with INVALID_FIELD a
 * timing that is not there, and what is no time, duration or policy; limits are `scheduleProblems`'.
 */
export function scheduleSpecFromProto(spec: schedulev1.ScheduleSpec, field: string): Omit<ScheduleDefinition, 'task'> {
  return {
    timing: timingFromProto(spec.timing, field),
    startAt: timeFromProto(spec.startTime, `${field}.start_time`),
    endAt: timeFromProto(spec.endTime, `${field}.end_time`),
    jitter: durationFromProto(spec.jitter, `${field}.jitter`),
    overlap: overlapFromProto(spec.overlapPolicy, `${field}.overlap_policy`),
    catchUp: spec.catchUp ?? DEFAULT_CATCH_UP,
  };
}

/** A run as the wire carries it. */
export function scheduleRunToProto(run: ScheduleRun): schedulev1.ScheduleRun {
  return {
    slotTime: run.slotAt,
    taskId: run.taskId,
    cause: runCauseToProto(run.cause),
    status: RunStatus[run.status],
    updateTime: run.at,
  };
}

/** Reads a run as a server tells of it; refuses with INVALID_FIELD what no server would say. */
export function scheduleRunFromProto(run: schedulev1.ScheduleRun, field = 'run'): ScheduleRun {
  return {
    slotAt: requiredTime(run.slotTime, `${field}.slot_time`),
    taskId: run.taskId,
    cause: runCauseFromProto(run.cause, `${field}.cause`),
    status: run.status === RunStatus.QUEUED ? 'QUEUED' : 'FIRED',
    at: requiredTime(run.updateTime, `${field}.update_time`),
  };
}

/** Why a task was made, as the wire carries it. */
export function runCauseToProto(cause: RunCause): Cause {
  return Cause[cause];
}

/** Reads why a task was made; refuses an unknown or unset cause with INVALID_FIELD. */
export function runCauseFromProto(cause: Cause, field: string): RunCause {
  switch (cause) {
    case Cause.SLOT:
      return 'SLOT';
    case Cause.CATCH_UP:
      return 'CATCH_UP';
    case Cause.BACKFILL:
      return 'BACKFILL';
    case Cause.TRIGGER:
      return 'TRIGGER';
    default:
      throw invalidField(field, `${cause} is not why a schedule makes a task`);
  }
}

function timingToProto(timing: ScheduleTiming): schedulev1.ScheduleSpec['timing'] {
  switch (timing.kind) {
    case 'CRON':
      return { $case: 'cron', value: { expression: timing.expression, timeZone: timing.timeZone } };
    case 'ONCE':
      return { $case: 'etaTime', value: timing.at };
    case 'FIXED_DELAY':
    case 'FIXED_GRID': {
      const anchorTime = timing.kind === 'FIXED_GRID' ? timing.anchor : undefined;
      return {
        $case: 'interval',
        value: { every: durationToProto(timing.every), mode: IntervalMode[timing.kind], anchorTime },
      };
    }
  }
}

function timingFromProto(timing: schedulev1.ScheduleSpec['timing'], field: string): ScheduleTiming {
  switch (timing?.$case) {
    case 'cron':
      return { kind: 'CRON', expression: timing.value.expression.trim(), timeZone: timing.value.timeZone || 'UTC' };
    case 'etaTime':
      return { kind: 'ONCE', at: timeFromProto(timing.value, `${field}.eta_time`) };
    case 'interval':
      return intervalFromProto(timing.value, `${field}.interval`);
    case undefined:
      throw invalidField(`${field}.cron`, 'interval or eta_time must be set: one of them says when tasks are due');
  }
}

function intervalFromProto(interval: schedulev1.IntervalTiming, field: string): ScheduleTiming {
  const every = durationFromProto(interval.every, `${field}.every`);
  if (!every) throw invalidField(`${field}.every`, 'is required');
  const anchor = timeFromProto(interval.anchorTime, `${field}.anchor_time`);
  switch (interval.mode) {
    case IntervalMode.UNSPECIFIED:
    case IntervalMode.FIXED_DELAY:
      if (anchor) throw invalidField(`${field}.anchor_time`, 'is for FIXED_GRID only');
      return { kind: 'FIXED_DELAY', every };
    case IntervalMode.FIXED_GRID:
      return { kind: 'FIXED_GRID', every, anchor: anchor ?? EPOCH };
    default:
      throw invalidField(`${field}.mode`, `${String(interval.mode)} is not a mode`);
  }
}

function overlapFromProto(policy: Overlap, field: string): OverlapPolicy {
  switch (policy) {
    case Overlap.UNSPECIFIED:
    case Overlap.SKIP:
      return 'SKIP';
    case Overlap.QUEUE:
      return 'QUEUE';
    case Overlap.CANCEL_OTHER:
      return 'CANCEL_OTHER';
    case Overlap.ALLOW:
      return 'ALLOW';
    default:
      throw invalidField(field, `${policy} is not an overlap policy`);
  }
}

function scheduledTaskToProto(task: ScheduledTask): taskv1.TaskSpec {
  return {
    ...TaskSpec.decode(new Uint8Array(0)),
    queue: task.queue,
    type: task.type,
    params: payloadToProto(task.params),
    priority: task.priority,
    retryPolicy: retryPolicyToProto(task.retryPolicy),
    runTimeout: task.runTimeout ? durationToProto(task.runTimeout) : undefined,
    retention: task.retention && durationToProto(task.retention),
    queueTimeout: task.queueTimeout ? durationToProto(task.queueTimeout) : undefined,
    heartbeatTimeout: task.heartbeatTimeout ? durationToProto(task.heartbeatTimeout) : undefined,
    labels: task.labels,
    correlationId: task.correlationId,
    flowKey: task.flowKey,
  };
}

function scheduledTaskFromProto(task: taskv1.TaskSpec, field: string): ScheduledTask {
  const params = payloadFromProto(task.params);
  if (!params) throw invalidField(`${field}.params`, 'must be set');
  return {
    queue: task.queue,
    type: task.type,
    params,
    priority: task.priority ?? 0,
    retryPolicy: retryPolicyFromProto(task.retryPolicy, `${field}.retry_policy`),
    runTimeout: durationFromProto(task.runTimeout, `${field}.run_timeout`),
    queueTimeout: durationFromProto(task.queueTimeout, `${field}.queue_timeout`),
    heartbeatTimeout: durationFromProto(task.heartbeatTimeout, `${field}.heartbeat_timeout`),
    labels: task.labels,
    correlationId: task.correlationId,
    flowKey: task.flowKey,
    ...(task.retention && { retention: durationFromProto(task.retention, `${field}.retention`) }),
  };
}

function requiredTime(time: Date | undefined, field: string): Date {
  if (!time) throw invalidField(field, 'must be set');
  return timeFromProto(time, field);
}
