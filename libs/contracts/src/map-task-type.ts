import type { TaskType, TaskTypeDefaults } from '@orrery/core';
import { invalidField } from './invalid-field.ts';
import { dedupFromProto, dedupToProto } from './map-dedup.ts';
import { retryPolicyFromProto, retryPolicyToProto } from './map-retry-policy.ts';
import { durationFromProto, durationToProto, timeFromProto } from './map-time.ts';
import type * as taskv1 from './task-v1.ts';

/** A task type as the wire carries it. */
export function taskTypeToProto(type: TaskType): taskv1.TaskType {
  return {
    namespace: type.namespace,
    name: type.name,
    version: type.version,
    description: type.description,
    paramSchema: type.paramSchema,
    defaults: taskTypeDefaultsToProto(type.defaults),
    active: type.active,
    createTime: type.createdAt,
    updateTime: type.updatedAt,
  };
}

/** Reads a task type as a server tells of it; refuses with INVALID_FIELD what no server would say. */
export function taskTypeFromProto(type: taskv1.TaskType, field = 'task_type'): TaskType {
  const createdAt = timeFromProto(type.createTime, `${field}.create_time`);
  const updatedAt = timeFromProto(type.updateTime, `${field}.update_time`);
  if (!createdAt) throw invalidField(`${field}.create_time`, 'must be set');
  if (!updatedAt) throw invalidField(`${field}.update_time`, 'must be set');
  return {
    namespace: type.namespace,
    name: type.name,
    version: type.version,
    description: type.description,
    paramSchema: type.paramSchema,
    defaults: taskTypeDefaultsFromProto(type.defaults, `${field}.defaults`),
    active: type.active,
    createdAt,
    updatedAt,
  };
}

/** Defaults as the wire carries them. */
export function taskTypeDefaultsToProto(defaults: TaskTypeDefaults): taskv1.TaskTypeDefaults {
  const { queue = '', priority, retryPolicy, runTimeout, retention, labels = {}, dedup } = defaults;
  return {
    queue,
    priority,
    retryPolicy: retryPolicy && retryPolicyToProto(retryPolicy),
    runTimeout: runTimeout && durationToProto(runTimeout),
    retention: retention && durationToProto(retention),
    labels,
    dedup: dedup && dedupToProto({ key: '', window: dedup }),
  };
}

/** Reads defaults; refuses with INVALID_FIELD what is out of its range. Names and labels are not looked at. */
export function taskTypeDefaultsFromProto(
  defaults: taskv1.TaskTypeDefaults | undefined,
  field: string,
): TaskTypeDefaults {
  if (!defaults) return {};
  const { queue, priority, labels } = defaults;
  const dedup = defaults.dedup && dedupFromProto(defaults.dedup, `${field}.dedup`);
  if (dedup && dedup.key !== '') throw invalidField(`${field}.dedup.key`, 'must be empty: tasks of a type differ');
  const runTimeout = durationFromProto(defaults.runTimeout, `${field}.run_timeout`);
  const retention = durationFromProto(defaults.retention, `${field}.retention`);
  return {
    ...(queue !== '' && { queue }),
    ...(priority !== undefined && { priority }),
    ...(defaults.retryPolicy && {
      retryPolicy: retryPolicyFromProto(defaults.retryPolicy, `${field}.retry_policy`),
    }),
    ...(runTimeout && { runTimeout }),
    ...(retention && { retention }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(dedup && { dedup: dedup.window }),
  };
}
