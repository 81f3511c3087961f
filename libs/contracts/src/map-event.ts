import { eventId, eventType, type OrreryEvent, subjectOf } from '@orrery/core';
import type * as eventv1 from './event-v1.ts';
import { taskErrorToProto } from './map-task-error.ts';
import { statusToProto } from './map-task.ts';
import { workerStateToProto } from './map-worker.ts';

/** An event as the wire carries it; the cursor resumes a subscription after it. */
export function eventToProto(event: OrreryEvent, cursor = ''): eventv1.Event {
  const isOfTask = event.noun === 'task';
  return {
    id: eventId(event),
    type: eventType(event),
    namespace: event.namespace,
    subject: subjectOf(event),
    sequence: BigInt(event.sequence),
    time: event.at,
    correlationId: isOfTask ? event.correlationId : '',
    traceparent: isOfTask ? event.traceparent : '',
    cursor,
    data: dataOf(event),
  };
}

function dataOf(event: OrreryEvent): eventv1.Event['data'] {
  if (event.noun === 'worker') return { $case: 'worker', value: { state: workerStateToProto(event.state) } };
  const { queue, type: taskType, status, attempt, workerId, error } = event;
  const value = { queue, taskType, status: statusToProto(status), attempt, workerId };
  return { $case: 'task', value: { ...value, error: error ? taskErrorToProto(error) : undefined } };
}
