import type { TaskEvent, WorkerEvent } from '@orrery/core';
import { TaskError } from '@orrery/task-error';
import {
  auditRecordToProto,
  assessmentv1,
  eventToProto,
  eventv1,
  taskErrorFromProto,
  taskv1,
  workerv1,
} from './index.ts';

const at = new Date('2026-01-02T03:04:05.678Z');
const error = new TaskError({ errorType: 'network', message: 'gone', timestamp: at }).toData();
const failed: TaskEvent = {
  noun: 'task',
  kind: 'failed',
  namespace: 'ns',
  taskId: 't1',
  sequence: 3,
  at,
  queue: 'q',
  type: 'mail.send',
  status: 'FAILED',
  attempt: 1,
  workerId: 'w1',
  correlationId: 'c1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  error,
  progress: null,
};

test('an event of a task keeps every fact on the wire', () => {
  const wire = eventv1.Event.decode(eventv1.Event.encode(eventToProto(failed, 'cursor')).finish());
  expect(wire).toMatchObject({
    id: 'ns/task/t1/00000000000000000003',
    type: 'orrery.task.v1.failed',
    namespace: 'ns',
    subject: 't1',
    sequence: 3n,
    time: at,
    correlationId: 'c1',
    traceparent: failed.traceparent,
    cursor: 'cursor',
  });
  if (wire.data?.$case !== 'task') throw new Error('no data of a task');
  const { error: wireError, ...facts } = wire.data.value;
  const status = taskv1.TaskStatus.FAILED;
  expect(facts).toEqual({ queue: 'q', taskType: 'mail.send', status, attempt: 1, workerId: 'w1', progressMessage: '' });
  expect(wireError && taskErrorFromProto(wireError, 'error')).toEqual(error);
});

test('an event of a worker keeps every fact on the wire, and so does its record', () => {
  const lost: WorkerEvent = {
    noun: 'worker',
    kind: 'lost',
    namespace: 'ns',
    workerId: 'w',
    sequence: 2,
    at,
    state: 'LOST',
  };
  const recordedAt = new Date(at.getTime() + 5);
  const record = auditRecordToProto({ event: lost, recordedAt });
  const wire = assessmentv1.AuditRecord.decode(assessmentv1.AuditRecord.encode(record).finish());
  expect(wire.recordTime).toEqual(recordedAt);
  expect(wire.event).toEqual({
    id: 'ns/worker/w/00000000000000000002',
    type: 'orrery.worker.v1.lost',
    namespace: 'ns',
    subject: 'w',
    sequence: 2n,
    time: at,
    correlationId: '',
    traceparent: '',
    cursor: '',
    data: { $case: 'worker', value: { state: workerv1.WorkerState.LOST } },
  });
});
